import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IToolbarWidgetRegistry } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { IDevboxActions, IDevboxModel } from '../tokens';
import { BadgeWidget } from '../view/badge';
import { openMenu } from '../view/menu';
import { DOMAIN } from './domain';

/** The badge in each notebook's toolbar. Its place is in `schema/toolbar.json`. */
export const toolbar: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-devbox:toolbar',
  description: "The badge in a notebook's toolbar, with its menu.",
  autoStart: true,
  requires: [IDevboxModel, IDevboxActions, IToolbarWidgetRegistry],
  optional: [ITranslator],
  activate: (
    _,
    model: IDevboxModel,
    actions: IDevboxActions,
    registry: IToolbarWidgetRegistry,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    registry.addFactory<NotebookPanel>(
      'Notebook',
      'devbox',
      panel =>
        new BadgeWidget(panel, model, trans, anchor => openMenu(anchor, model, actions, trans))
    );
  }
};
