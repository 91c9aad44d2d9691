import React from 'react';

import type { IPlan } from '../../api/answers';
import type { PlanDraft } from '../../model/plan';
import { useView } from '../context';
import { Check, Prose } from '../parts/basics';

/** Whether each notebook has an environment of its own; asked where there is more than one. */
export function Split(props: { draft: PlanDraft; plan: IPlan }): React.ReactElement | null {
  const { trans } = useView();
  const { draft, plan } = props;
  const names = Object.keys(plan.groups);
  const wish = draft.edits.split;
  if (plan.notebooks.length < 2 && !names.length && !wish) {
    return null;
  }
  return (
    <fieldset className="jp-Devbox-stack4">
      <legend className="jp-Devbox-h4">{trans.__('Environments')}</legend>
      <ul className="jp-Devbox-stack4">
        <Check
          label={trans.__('One for each notebook')}
          aside={names.length ? names.join(', ') : undefined}
          checked={wish ? wish === 'each' : names.length > 0}
          onChange={each => draft.wish({ split: each ? 'each' : 'off' })}
          detail={trans.__('What all of them have is stored once.')}
        />
      </ul>
      {plan.savings?.says.map((line, n) => (
        <p key={n} className="jp-Devbox-small">
          <Prose text={line.trim()} />
        </p>
      ))}
    </fieldset>
  );
}
