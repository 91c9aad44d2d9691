import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, TranslationBundle, nullTranslator } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import React from 'react';

import { boxIcon } from '../icons';
import { percent, standing } from '../model/standing';
import { IDevboxActions, IDevboxModel } from '../tokens';
import { label } from '../words';
import { DOMAIN } from './domain';

/** The item in the status bar; it opens the panel. */
export const status: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-devbox:status',
  description: 'The item in the status bar; it opens the panel.',
  autoStart: true,
  requires: [IDevboxModel, IDevboxActions],
  optional: [IStatusBar, ITranslator],
  activate: (
    _,
    model: IDevboxModel,
    actions: IDevboxActions,
    bar: IStatusBar | null,
    translator: ITranslator | null
  ) => {
    if (!bar) {
      return; // a page of Notebook's has no status bar
    }
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const item = ReactWidget.create(
      <UseSignal signal={model.changed}>
        {() => <StatusItem model={model} actions={actions} trans={trans} />}
      </UseSignal>
    );
    item.addClass('jp-Devbox-statusItem');
    bar.registerStatusItem(status.id, {
      item,
      align: 'left',
      rank: 4,
      isActive: () => standing(model) !== null,
      activeStateChanged: model.changed as never
    });
  }
};

export function StatusItem(props: {
  model: IDevboxModel;
  actions: IDevboxActions;
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { model, actions, trans } = props;
  const now = standing(model);
  if (!now) {
    return null;
  }
  const parts = [
    label(trans, now.target),
    now.building === null ? '' : trans.__('building %1 %', percent(now.building)),
    now.changes ? trans._n('%1 change', '%1 changes', now.changes) : ''
  ];
  return (
    <button
      type="button"
      className="jp-Devbox-statusButton"
      title={trans.__('Open Devbox panel')}
      onClick={() => void actions.openPanel()}
    >
      <boxIcon.react tag="span" aria-hidden="true" className="jp-Devbox-icon" />
      <span>{parts.filter(part => part).join(' · ')}</span>
    </button>
  );
}
