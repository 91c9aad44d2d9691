import React from 'react';

import type { IPlan } from '../../api/answers';
import type { PlanDraft } from '../../model/plan';
import { about } from '../../units';
import { goingOn } from '../../words';
import { useView } from '../context';
import { Check, LinkButton, NextSteps, Note } from '../parts/basics';

type Row = IPlan['targets'][number];

/** What is to be made. A target that cannot run here can be built all the same. */
export function Targets(props: { draft: PlanDraft; plan: IPlan }): React.ReactElement {
  const { trans } = useView();
  return (
    <fieldset className="jp-Devbox-stack4">
      <legend className="jp-Devbox-h4">{trans.__('Targets')}</legend>
      <ul className="jp-Devbox-stack4">
        {props.plan.targets.map(row => (
          <TargetRow key={row.target} row={row} draft={props.draft} />
        ))}
      </ul>
    </fieldset>
  );
}

function TargetRow({ row, draft }: { row: Row; draft: PlanDraft }): React.ReactElement {
  const { trans } = useView();
  const [fix, setFix] = React.useState(false);
  const detail = row.runs
    ? undefined
    : row.builds
      ? trans.__('Can be built here but not run: %1', goingOn(row.reason))
      : trans.__("Can't be built here: %1", goingOn(row.reason));
  return (
    <>
      <Check
        label={row.label}
        aside={row.bytes === null ? undefined : trans.__('about %1', about(row.bytes))}
        checked={draft.targets.includes(row.target)}
        onChange={chosen => draft.target(row.target, chosen)}
        detail={detail}
      />
      {detail && row.hint && (
        <li className="jp-Devbox-under jp-Devbox-small">
          {fix ? (
            <Note>
              <NextSteps text={row.hint} />
            </Note>
          ) : (
            <LinkButton
              label={trans.__('Show the fix for %1', row.label)}
              onClick={() => setFix(true)}
            >
              {trans.__('Show the fix')}
            </LinkButton>
          )}
        </li>
      )}
    </>
  );
}
