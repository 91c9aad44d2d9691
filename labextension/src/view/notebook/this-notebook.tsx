import React from 'react';

import type { State } from '../../model/state';
import { useView } from '../context';
import { Asks } from './asks';
import { Building, Failed, Stopped } from './building';
import { Head } from './head';
import { Drift, Fresh, InBox, Ready, Rebuilt, Written } from './kernel';
import { Death, EngineOff } from './machine';
import {
  Loading,
  NoNotebook,
  NotPython,
  Problem,
  ServerOff,
  Unapproved,
  Unsaved
} from './messages';
import { Plan } from './plan';
import { useFocus } from './focus';

/** The section *This notebook*: one state, one primary button. */
export function ThisNotebook(): React.ReactElement {
  const { model } = useView();
  const state = model.state;
  const focus = useFocus(state);
  return (
    <div ref={focus.root} tabIndex={-1} className="jp-Devbox-section">
      <Asks />
      {'facts' in state && <Head facts={state.facts} />}
      <Body state={state} heading={focus.heading} />
    </div>
  );
}

function Body(props: { state: State; heading: React.Ref<HTMLHeadingElement> }): React.ReactElement {
  const { state, heading } = props;
  switch (state.kind) {
    case 'server-off':
      return <ServerOff />;
    case 'none':
      return <NoNotebook />;
    case 'not-python':
      return <NotPython />;
    case 'unsaved':
      return <Unsaved />;
    case 'loading':
      return <Loading />;
    case 'problem':
      return <Problem problem={state.problem} />;
    case 'plan':
      return <Plan key={state.draft.subject.path} draft={state.draft} heading={heading} />;
    case 'building':
      return <Building build={state.build} heading={heading} />;
    case 'unapproved':
      return <Unapproved />;
    case 'engine':
      return <EngineOff facts={state.facts} engine={state.engine} />;
    case 'death':
      return <Death facts={state.facts} death={state.death} name={state.kernel.display_name} />;
    case 'failed':
      return <Failed build={state.build} />;
    case 'stopped':
      return <Stopped build={state.build} />;
    case 'rebuilt':
      return <Rebuilt name={state.kernel.name} />;
    case 'drift':
      return <Drift drift={state.drift} />;
    case 'written':
      return <Written facts={state.facts} build={state.build} />;
    case 'ready':
      return <Ready facts={state.facts} kernel={state.kernel} build={state.build} />;
    case 'box':
      return <InBox facts={state.facts} />;
    case 'fresh':
      return <Fresh facts={state.facts} />;
  }
}
