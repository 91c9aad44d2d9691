import React from 'react';

import type { IPlan, IQuestion } from '../../api/answers';
import type { PlanDraft } from '../../model/plan';
import { inCells } from '../../words';
import { useView } from '../context';
import { Check, Files, Mini, Note } from '../parts/basics';
import { LookUpLine } from './plan-lookup';

/** What only the user can answer, before everything else. */
export function Questions(props: { draft: PlanDraft; plan: IPlan }): React.ReactElement {
  return (
    <>
      {props.plan.questions.map((question, n) => (
        <Note key={n} kind="warn">
          <Question draft={props.draft} question={question} />
        </Note>
      ))}
    </>
  );
}

function Question(props: { draft: PlanDraft; question: IQuestion }): React.ReactElement {
  const { draft, question } = props;
  switch (question.kind) {
    case 'unresolved':
      return <Unresolved draft={draft} name={question.import} cells={question.cells} />;
    case 'outside':
      return <Outside draft={draft} name={question.name} path={question.path} />;
    default:
      return <Conflict draft={draft} files={question.files} />;
  }
}

function Unresolved(props: {
  draft: PlanDraft;
  name: string;
  cells: number[];
}): React.ReactElement {
  const { trans } = useView();
  const { draft, name, cells } = props;
  const id = React.useId();
  const file = `${name.split('.')[0]}.py`;
  return (
    <>
      <p>
        <b>{trans.__('Not found:')}</b> <code className="jp-Devbox-code">{name}</code>{' '}
        {inCells(trans, cells)}
      </p>
      <div className="jp-Devbox-stack4 jp-Devbox-small">
        <label htmlFor={id}>{trans.__('Package that provides it')}</label>
        <input
          id={id}
          className="jp-Devbox-field jp-Devbox-question"
          value={draft.lookUp(name).text}
          aria-describedby={`${id}h`}
          spellCheck={false}
          onChange={event => draft.type(name, event.target.value)}
          onBlur={() => void draft.find(name)}
          onKeyDown={event => event.key === 'Enter' && void draft.find(name)}
        />
        <LookUpLine draft={draft} place={name} />
        <p id={`${id}h`} className="jp-Devbox-dim">
          {trans.__('Empty: it is left out. Your own file? Put %1 beside the notebook.', file)}
        </p>
      </div>
    </>
  );
}

function Outside(props: { draft: PlanDraft; name: string; path: string }): React.ReactElement {
  const { trans } = useView();
  const { draft, name, path } = props;
  const { pack = [], exclude = [] } = draft.edits;
  const chosen = pack.includes(name) ? 'along' : exclude.includes(name) ? 'out' : '';
  const group = React.useId();
  const choice = (value: string, text: string): React.ReactElement => (
    <li className="jp-Devbox-check">
      <input
        type="radio"
        className="jp-Devbox-question"
        id={`${group}${value}`}
        name={group}
        checked={chosen === value}
        onChange={() => draft.pack(name, value === 'along')}
      />
      <label className="jp-Devbox-grow" htmlFor={`${group}${value}`}>
        {text}
      </label>
    </li>
  );
  return (
    <fieldset className="jp-Devbox-stack4">
      <legend>
        <b>{trans.__('Outside of the project:')}</b> <code className="jp-Devbox-code">{name}</code>
      </legend>
      <p className="jp-Devbox-small jp-Devbox-dim">{path}</p>
      <ul className="jp-Devbox-stack4">
        {choice('along', trans.__('Copy it into the image'))}
        {choice('out', trans.__('Leave it out'))}
      </ul>
    </fieldset>
  );
}

function Conflict(props: { draft: PlanDraft; files: string[] }): React.ReactElement {
  const { trans } = useView();
  const { draft, files } = props;
  return (
    <>
      <p>
        <b>{trans.__('Changed by hand, and the plan disagrees:')}</b>
      </p>
      <Files paths={files} />
      <ul>
        <Check
          label={trans.__('Take the plan')}
          detail={trans.__('Your version is kept beside it.')}
          checked={draft.edits.keep_mine ?? false}
          onChange={keep => draft.wish({ keep_mine: keep })}
        />
      </ul>
      <div>
        <Mini onClick={() => draft.again()}>{trans.__('Look again')}</Mini>
      </div>
    </>
  );
}
