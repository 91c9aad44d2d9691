import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { backIcon } from '../../icons';
import type { PlanDraft } from '../../model/plan';
import { about } from '../../units';
import { limitFields, limits, sentence } from '../../words';
import { useView } from '../context';
import {
  Command,
  Disclosure,
  IconButton,
  Mini,
  NextSteps,
  Note,
  Primary,
  Prose,
  Secondary
} from '../parts/basics';
import { Lines } from '../parts/lines';
import { Packages, SystemPackages } from './plan-packages';
import { Questions } from './plan-questions';
import { Split } from './plan-split';
import { Targets } from './plan-targets';
import { Wish } from './plan-wish';

/** The plan: questions first, then what is odd, then the rest; nothing is written yet. */
export function Plan(props: {
  draft: PlanDraft;
  heading: React.Ref<HTMLHeadingElement>;
}): React.ReactElement {
  const { model, trans } = useView();
  const { draft } = props;
  const plan = draft.plan;
  return (
    <>
      <div className="jp-Devbox-row">
        <IconButton
          icon={backIcon}
          label={trans.__('Back to the notebook')}
          onClick={() => model.closePlan()}
        />
        <h4 className="jp-Devbox-name jp-Devbox-grow" tabIndex={-1} ref={props.heading}>
          {trans.__('Plan for %1', model.current.name)}
        </h4>
      </div>
      {draft.problem && !plan && <PlanProblem draft={draft} />}
      {!plan && !draft.problem && <p role="status">{trans.__('Making the plan…')}</p>}
      {plan && (
        <>
          <Questions draft={draft} plan={plan} />
          {plan.warnings.map((warning, n) => (
            <Note key={n} kind="warn">
              <p className="jp-Devbox-small">
                <Prose text={sentence(warning.message)} />
              </p>
            </Note>
          ))}
          <Targets draft={draft} plan={plan} />
          <Split draft={draft} plan={plan} />
          <hr />
          <Packages draft={draft} plan={plan} />
          <hr />
          <SystemPackages draft={draft} plan={plan} />
          <hr />
          <div className="jp-Devbox-stack8">
            <Base draft={draft} />
            <Limits draft={draft} />
            <Files draft={draft} />
          </div>
        </>
      )}
      <Foot draft={draft} />
    </>
  );
}

function PlanProblem({ draft }: { draft: PlanDraft }): React.ReactElement {
  const { actions, trans } = useView();
  const { code, message, hint } = draft.problem!;
  const untrusted = code === 'untrusted_project';
  return (
    <Note kind="err">
      <p role="alert">
        <Prose text={sentence(message)} />
      </p>
      {untrusted ? (
        <Primary onClick={actions.review}>{trans.__('Look at the files…')}</Primary>
      ) : (
        <>
          <NextSteps text={hint} />
          <div>
            <Mini onClick={() => draft.again()}>{trans.__('Make the plan again')}</Mini>
          </div>
        </>
      )}
    </Note>
  );
}

function Base({ draft }: { draft: PlanDraft }): React.ReactElement {
  const { trans } = useView();
  const base = draft.plan!.base;
  return (
    <Disclosure label={trans.__('Base')} aside={trans.__('Python %1', base.python)}>
      <p className="jp-Devbox-small">
        <code className="jp-Devbox-code">{base.ref}</code>
        {base.reason && ': '}
        <Prose text={base.reason} />
      </p>
      <Wish
        label={trans.__('Other Python')}
        hint={trans.__('Such as 3.12.')}
        value={draft.edits.python ?? ''}
        onWish={python => draft.wish({ python: python || null })}
      />
      <Wish
        label={trans.__('Other base image')}
        hint={trans.__('A Debian or Ubuntu image with Python.')}
        value={draft.edits.base ?? ''}
        onWish={image => draft.wish({ base: image || null })}
      />
    </Disclosure>
  );
}

function Limits({ draft }: { draft: PlanDraft }): React.ReactElement {
  const { trans } = useView();
  const fields = limitFields(trans, draft.plan!.limits.gpus !== null);
  return (
    <Disclosure
      label={trans.__('Limits')}
      aside={limits(trans, draft.plan!.limits) || trans.__('none')}
      open={fields.some(({ name }) => draft.edits[name] !== undefined)}
    >
      {fields.map(({ name, label, like }) => (
        <Wish
          key={name}
          label={label}
          hint={
            name === 'gpus'
              ? trans.__('Such as %1, or all. Empty: as it is.', like)
              : trans.__('Such as %1; off for none. Empty: as it is.', like)
          }
          value={draft.edits[name] ?? ''}
          onWish={text => draft.wish({ [name]: text || null })}
        />
      ))}
    </Disclosure>
  );
}

function Files({ draft }: { draft: PlanDraft }): React.ReactElement {
  const { trans } = useView();
  const { files, diff } = draft.plan!;
  const fresh = files.filter(file => file.state === 'new').length;
  const changed = files.filter(file => file.state === 'changed').length;
  const aside = [
    fresh ? trans._n('%1 new', '%1 new', fresh) : '',
    changed ? trans._n('%1 changed', '%1 changed', changed) : ''
  ].filter(part => part);
  const words = {
    new: trans.__('new'),
    changed: trans.__('changed'),
    same: trans.__('unchanged'),
    removed: trans.__('removed')
  };
  return (
    <Disclosure label={trans.__('Files')} aside={aside.join(', ') || trans.__('up to date')}>
      <ul className="jp-Devbox-small">
        {files.map(file => (
          <li key={file.path} className="jp-Devbox-row">
            <code className="jp-Devbox-code jp-Devbox-grow">{file.path}</code>
            <span className="jp-Devbox-dim">{words[file.state]}</span>
          </li>
        ))}
      </ul>
      {diff.length > 0 && <Lines lines={diff} label={trans.__('What would be written')} />}
    </Disclosure>
  );
}

/**
 * The size, and the buttons: each says what it will do. What is wrong with a wish stands in their
 * place, for there it is seen from the field.
 */
function Foot({ draft }: { draft: PlanDraft }): React.ReactElement | null {
  const { actions, trans } = useView();
  const plan = draft.plan;
  if (!plan) {
    return null;
  }
  if (draft.problem) {
    return (
      <div className="jp-Devbox-foot">
        <PlanProblem draft={draft} />
      </div>
    );
  }
  const open = draft.unanswered;
  const build =
    open.length === 0
      ? trans.__('Build')
      : open.length === 1
        ? trans.__('Build without %1', open[0])
        : trans._n('Build without %1 import', 'Build without %1 imports', open.length);
  const none = !draft.targets.length;
  return (
    <div className="jp-Devbox-foot">
      <p className="jp-Devbox-small">
        {draft.busy ? trans.__('Making the plan again…') : sizeLine(trans, draft)}
      </p>
      <Room draft={draft} />
      {draft.blocked && (
        <p className="jp-Devbox-small">{trans.__('Answer the question above first.')}</p>
      )}
      {none && <p className="jp-Devbox-small">{trans.__('Choose a target first.')}</p>}
      {draft.filesOnly ? (
        <Primary disabled={draft.blocked || none} onClick={() => actions.build(true)}>
          {trans.__('Write files')}
        </Primary>
      ) : (
        <>
          <Primary disabled={draft.blocked || none} onClick={() => actions.build()}>
            {build}
          </Primary>
          <Secondary disabled={draft.blocked || none} onClick={() => actions.build(true)}>
            {trans.__('Write files only')}
          </Secondary>
        </>
      )}
    </div>
  );
}

/** Said where building may not fit on the disk; nothing is refused. */
function Room({ draft }: { draft: PlanDraft }): React.ReactElement | null {
  const { trans } = useView();
  const { free_bytes: free, needed_bytes: needed } = draft.plan!;
  if (draft.busy || free === null || needed <= free) {
    return null;
  }
  return (
    <Note kind="warn">
      <p className="jp-Devbox-small" role="status">
        {trans.__(
          'May not fit on the disk: building takes up to %1, %2 free.',
          about(needed),
          about(free)
        )}
      </p>
      <Command text="jupyter devbox prune" />
    </Note>
  );
}

function sizeLine(trans: TranslationBundle, draft: PlanDraft): string {
  const { estimated_bytes: bytes, free_bytes: free } = draft.plan!;
  const parts = [
    bytes === null ? '' : trans.__('About %1 on disk.', about(bytes)),
    free === null ? '' : trans.__('%1 free.', about(free))
  ];
  return parts.filter(part => part).join(' ');
}
