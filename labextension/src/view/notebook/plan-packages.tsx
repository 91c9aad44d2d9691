import React from 'react';

import type { IPlan, IRequirement } from '../../api/answers';
import type { PlanDraft } from '../../model/plan';
import { useView } from '../context';
import { Check, Disclosure, Mini, Prose } from '../parts/basics';
import { LookUpLine } from './plan-lookup';
import { AddName } from './plan-wish';

interface IPart {
  draft: PlanDraft;
  plan: IPlan;
}

/** The packages: those that are not simply imported first, with their reasons. */
export function Packages({ draft, plan }: IPart): React.ReactElement {
  const { trans } = useView();
  const notable = plan.requirements.filter(one => one.notable);
  const plain = plan.requirements.filter(one => !one.notable);
  const wanted = plan.requirements.filter(one => draft.wanted(one.name, one.included)).length;
  const rows = (some: IRequirement[]): React.ReactElement => (
    <ul className="jp-Devbox-stack8">
      {some.map(one => (
        <Check
          key={one.name}
          label={one.name}
          aside={one.version ?? trans.__('newest')}
          checked={draft.wanted(one.name, one.included)}
          onChange={included => draft.package(one.name, included)}
          detail={one.notable && one.detail ? <Prose text={one.detail} /> : undefined}
        />
      ))}
    </ul>
  );
  return (
    <fieldset className="jp-Devbox-stack8">
      <legend className="jp-Devbox-h4">
        {trans.__('Packages')}
        <span className="jp-Devbox-dim jp-Devbox-num">
          {trans.__('%1 of %2', wanted, plan.requirements.length)}
        </span>
      </legend>
      {notable.length > 0 && rows(notable)}
      {plain.length > 0 && (
        <Disclosure
          label={
            notable.length
              ? trans._n('%1 more, imported directly', '%1 more, imported directly', plain.length)
              : trans._n('%1, imported directly', '%1, imported directly', plain.length)
          }
        >
          {rows(plain)}
        </Disclosure>
      )}
      <Disclosure label={trans.__('Add a package')} open={!!draft.lookUp('').text}>
        <AddPackage draft={draft} />
      </Disclosure>
    </fieldset>
  );
}

/** A package is looked up, and only what is there can be added. */
function AddPackage({ draft }: { draft: PlanDraft }): React.ReactElement {
  const { trans } = useView();
  const id = React.useId();
  const { text, found } = draft.lookUp('');
  return (
    <div className="jp-Devbox-stack4 jp-Devbox-small">
      <label htmlFor={id}>{trans.__('Name of the package')}</label>
      <div className="jp-Devbox-row">
        <input
          id={id}
          className="jp-Devbox-field jp-Devbox-grow"
          value={text}
          spellCheck={false}
          onChange={event => draft.type('', event.target.value)}
          onKeyDown={event => event.key === 'Enter' && void draft.find('')}
        />
        <Mini onClick={() => draft.find('')}>{trans.__('Look up')}</Mini>
      </div>
      <LookUpLine draft={draft} place="" />
      {found?.known && (
        <div>
          <Mini onClick={() => draft.addFound()}>{trans.__('Add %1', found.name)}</Mini>
        </div>
      )}
    </div>
  );
}

export function SystemPackages({ draft, plan }: IPart): React.ReactElement {
  const { trans } = useView();
  const wanted = plan.apt.filter(one => draft.aptWanted(one.name, one.included)).length;
  return (
    <fieldset className="jp-Devbox-stack8">
      <legend className="jp-Devbox-h4">
        {trans.__('System packages')}
        <span className="jp-Devbox-dim jp-Devbox-num">{wanted || trans.__('none')}</span>
      </legend>
      {plan.apt.length > 0 && (
        <ul className="jp-Devbox-stack8">
          {plan.apt.map(one => (
            <Check
              key={one.name}
              label={one.name}
              checked={draft.aptWanted(one.name, one.included)}
              onChange={included => draft.apt(one.name, included)}
              detail={one.reason ? <Prose text={one.reason} /> : undefined}
            />
          ))}
        </ul>
      )}
      <Disclosure label={trans.__('Add a system package')}>
        <AddName
          label={trans.__('Name of the Debian package')}
          button={trans.__('Add')}
          onAdd={name => draft.apt(name, true)}
        />
      </Disclosure>
    </fieldset>
  );
}
