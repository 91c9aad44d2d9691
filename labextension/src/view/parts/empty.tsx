import React from 'react';

import { sentence } from '../../words';
import { useView } from '../context';
import { NextSteps, Secondary, Prose } from './basics';
import type { IProblem } from '../../api/answers';

/** A section that has nothing: one sentence, and the one thing to do. */
export function Empty({ children }: { children: React.ReactNode }): React.ReactElement {
  const { actions, model, trans } = useView();
  const idle = ['fresh', 'box', 'ready', 'written'].includes(model.state.kind);
  return (
    <>
      <p>{children}</p>
      {idle && (
        <Secondary onClick={() => actions.containerize()}>{trans.__('Containerize…')}</Secondary>
      )}
    </>
  );
}

/** A section whose answer did not come. */
export function Unanswered({ problem }: { problem: IProblem }): React.ReactElement {
  return (
    <>
      <p>
        <Prose text={sentence(problem.message)} />
      </p>
      <NextSteps text={problem.hint} />
    </>
  );
}

/** Show the first rows of a long list, and all of them on request. */
export function More<T>(props: {
  items: readonly T[];
  first: number;
  children: (item: T) => React.ReactNode;
}): React.ReactElement {
  const { trans } = useView();
  const [all, setAll] = React.useState(false);
  const { items, first } = props;
  const rest = items.length - first;
  return (
    <>
      <ul className="jp-Devbox-list">
        {(all ? items : items.slice(0, first)).map(item => props.children(item))}
      </ul>
      {rest > 0 && !all && (
        <button type="button" className="jp-Devbox-link" onClick={() => setAll(true)}>
          {trans._n('Show %1 more', 'Show %1 more', rest)}
        </button>
      )}
    </>
  );
}
