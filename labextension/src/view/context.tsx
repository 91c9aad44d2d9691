import type { TranslationBundle } from '@jupyterlab/translation';
import { UseSignal } from '@jupyterlab/ui-components';
import type { ISignal } from '@lumino/signaling';
import React from 'react';

import type { IDevboxActions, IDevboxModel } from '../tokens';

/** What every part of the view needs. */
export interface IView {
  model: IDevboxModel;
  actions: IDevboxActions;
  trans: TranslationBundle;
}

const View = React.createContext<IView | null>(null);

export function useView(): IView {
  const view = React.useContext(View);
  if (!view) {
    throw new Error('This part stands outside of a ViewProvider');
  }
  return view;
}

/** Give the parts inside what they need, and draw them again when a signal says so. */
export function ViewProvider(props: {
  view: IView;
  signal: ISignal<unknown, unknown>;
  children: () => React.ReactNode;
}): React.ReactElement {
  return (
    <View.Provider value={props.view}>
      <UseSignal signal={props.signal}>{() => <>{props.children()}</>}</UseSignal>
    </View.Provider>
  );
}
