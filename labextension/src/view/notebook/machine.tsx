import React from 'react';

import type { IEngine, INotebookFacts, IProblem } from '../../api/answers';
import { capital, listing, sentence } from '../../words';
import { useView } from '../context';
import {
  Hint,
  KernelName,
  Mini,
  NextSteps,
  Note,
  Primary,
  Prose,
  Secondary
} from '../parts/basics';
import { Lines } from '../parts/lines';
import { Facts } from './head';

/** There is no engine: what is wrong, how to mend it, and what works without. */
export function EngineOff(props: { facts: INotebookFacts; engine: IEngine }): React.ReactElement {
  const { actions, trans } = useView();
  const { facts, engine } = props;
  const { title, text } = useTitle(engine);
  // The command line's hint names an option, where there is a button here.
  const hint =
    engine.code === 'engine_not_found'
      ? trans.__('Ask your admin, or choose a virtual environment.')
      : engine.hint;
  const made = facts.kernels.find(spec => spec.target === 'venv');
  const apt = facts.uses.apt;
  const needs = apt.length
    ? trans.__('Same pinned packages, but %1 must be on this machine. ', listing(trans, apt))
    : trans.__('Same pinned packages. ');
  return (
    <>
      <Note kind="warn">
        <p role="status">
          <b>{title}</b>
        </p>
        {text && (
          <p>
            <Prose text={text} />
          </p>
        )}
        <NextSteps text={hint} />
        <div>
          <Mini onClick={actions.checkAgain}>{trans.__('Check again')}</Mini>
        </div>
      </Note>
      <Facts facts={facts} />
      <div className="jp-Devbox-stack8">
        <p className="jp-Devbox-small">{trans.__('Without Docker you can still:')}</p>
        {made ? (
          <Primary onClick={() => actions.switchTo(made.name)}>
            {trans.__('Switch to %1…', made.display_name)}
          </Primary>
        ) : (
          <Primary onClick={() => actions.containerize({ targets: ['venv'] })}>
            {trans.__('Use a virtual environment…')}
          </Primary>
        )}
        <Secondary onClick={() => actions.containerize({}, true)}>
          {trans.__('Write the container files…')}
        </Secondary>
        <Hint>{needs + trans.__('The files work later, in VS Code and on Binder.')}</Hint>
      </div>
    </>
  );
}

/** Return the heading of an engine's problem, and the rest of its sentence. */
function useTitle(engine: IEngine): { title: string; text: string } {
  const { trans } = useView();
  const titles: { [code: string]: string } = {
    engine_not_running: trans.__("Docker isn't running"),
    engine_not_found: trans.__("Docker isn't installed"),
    engine_permission: trans.__('You may not use Docker')
  };
  const title = titles[engine.code];
  if (!title) {
    return { title: trans.__("Docker can't be used"), text: sentence(engine.message) };
  }
  // Our sentences are "cause: detail"; the cause stands in the title.
  const cut = engine.message.indexOf(': ');
  return { title, text: capital(cut < 0 ? engine.message : engine.message.slice(cut + 2)) };
}

/** The kernel has ended, and why. */
export function Death(props: {
  facts: INotebookFacts;
  death: IProblem;
  name: string;
}): React.ReactElement {
  const { actions, trans } = useView();
  const { code, message, hint, details = [] } = props.death;
  const memory = /memory/.test(`${code} ${message} ${hint}`);
  const more = /--memory (\w+)/.exec(hint)?.[1];
  return (
    <>
      <Note kind="err">
        <p role="alert">
          <Prose text={sentence(message)} />
        </p>
        {!memory && <NextSteps text={hint} />}
      </Note>
      {details.length > 0 && <Lines lines={details} label={trans.__('Last lines of the kernel')} />}
      <div className="jp-Devbox-stack8">
        {memory ? (
          <Primary
            onClick={() => {
              const raised = more ? { memory: more } : {};
              return props.facts.kernel?.limits
                ? actions.restartWithLimits(raised)
                : actions.containerize(raised);
            }}
          >
            {trans.__('Restart with more memory…')}
          </Primary>
        ) : (
          <Primary onClick={() => actions.switchTo(props.facts.kernel?.name ?? '')}>
            {trans.__('Restart')} <KernelName name={props.name} />
          </Primary>
        )}
        <Hint>
          {memory
            ? trans.__('Asks for the new limits first. Outputs and files stay.')
            : trans.__('Starts a fresh kernel in the same folder. Outputs stay.')}
        </Hint>
      </div>
    </>
  );
}
