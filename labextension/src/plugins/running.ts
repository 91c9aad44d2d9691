import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRunningSessionManagers } from '@jupyterlab/running';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { boxIcon } from '../icons';
import { IDevboxActions, IDevboxModel } from '../tokens';
import { DOMAIN } from './domain';

/** Running boxes among Lab's own list of what runs. */
export const running: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-devbox:running',
  description: "Boxes in Lab's own list of what runs.",
  autoStart: true,
  requires: [IDevboxModel, IDevboxActions],
  optional: [IRunningSessionManagers, ITranslator],
  activate: (
    _,
    model: IDevboxModel,
    actions: IDevboxActions,
    managers: IRunningSessionManagers | null,
    translator: ITranslator | null
  ) => {
    if (!managers) {
      return; // a page of Notebook's has no such list
    }
    const { api, boxes } = model;
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const mine = () => (boxes.value?.boxes ?? []).filter(box => box.running);
    boxes.watch();
    managers.add({
      name: trans.__('Boxes'),
      running: () =>
        mine().map(box => ({
          label: () => `${box.project.name} · ${box.target.toUpperCase()}`,
          labelTitle: () => box.project.root,
          detail: () => trans._n('%1 kernel', '%1 kernels', box.kernels.length),
          icon: () => boxIcon,
          open: () => void actions.openPanel(),
          ...(box.foreign ? {} : { shutdown: () => void actions.stopBox(box.id) })
        })),
      shutdownAll: () => {
        const ours = mine().filter(box => !box.foreign);
        void Promise.all(ours.map(box => api.stop(box.id))).finally(() => boxes.refresh());
      },
      refreshRunning: () => boxes.refresh(),
      runningChanged: boxes.changed,
      shutdownLabel: trans.__('Stop'),
      shutdownAllLabel: trans.__('Stop All'),
      shutdownAllConfirmationText: trans.__(
        'Stop all boxes? Their kernels end, and variables will be gone.'
      )
    });
  }
};
