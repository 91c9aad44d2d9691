import React from 'react';

import type { INotebookFacts } from '../../api/answers';
import { notFound, uses } from '../../words';
import { useView } from '../context';
import { Badge, Fact, KernelName, Prose } from '../parts/basics';

/** The notebook's name, and the kernel it runs on. */
export function Head({ facts }: { facts: INotebookFacts }): React.ReactElement {
  const { model, trans } = useView();
  const kernel = facts.kernel;
  return (
    <div className="jp-Devbox-stack4">
      <div className="jp-Devbox-name" title={facts.path}>
        {model.current.name}
      </div>
      <div className="jp-Devbox-row jp-Devbox-small">
        <span className="jp-Devbox-dim">{trans.__('Kernel:')}</span>
        <span className="jp-Devbox-grow">
          {kernel ? <KernelName name={kernel.display_name} /> : trans.__('none')}
        </span>
        {kernel && <Badge target={kernel.target} />}
      </div>
    </div>
  );
}

/** What the notebook uses, a line each. */
export function Facts(props: {
  facts: INotebookFacts;
  children?: React.ReactNode;
}): React.ReactElement {
  const { actions, model, trans } = useView();
  const { packages, apt, unresolved } = props.facts.uses;
  return (
    <ul className="jp-Devbox-stack4">
      <Fact mark="ok">{uses(trans, packages, apt)}</Fact>
      {unresolved.length > 0 && (
        <Fact mark="warn">
          <Prose text={notFound(trans, unresolved)} />
        </Fact>
      )}
      {props.children}
      {model.current.dirty && (
        <Fact mark="wait">
          {trans.__('Changes since the last save are not counted.')}{' '}
          <button type="button" className="jp-Devbox-link" onClick={() => void actions.save()}>
            {trans.__('Save')}
          </button>
        </Fact>
      )}
    </ul>
  );
}
