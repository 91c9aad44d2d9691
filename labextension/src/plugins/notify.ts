import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, TranslationBundle, nullTranslator } from '@jupyterlab/translation';

import type { IBuild } from '../api/answers';
import { IDevboxActions, IDevboxModel } from '../tokens';
import { PANEL_ID } from '../view/panel';
import { sentence } from '../words';
import { DOMAIN } from './domain';

/** Says that a build has ended, where the panel is not there to say it. */
export const notify: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-devbox:notify',
  description: 'Says that a build has ended, while the panel is closed.',
  autoStart: true,
  requires: [IDevboxModel, IDevboxActions],
  optional: [ISettingRegistry, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    model: IDevboxModel,
    actions: IDevboxActions,
    registry: ISettingRegistry | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const settings = registry?.load(notify.id).catch(() => null);
    model.builds.ended.connect(async (_, build) => {
      const wanted = (await settings)?.get('buildEnded').composite ?? true;
      const panel = [...app.shell.widgets('left')].find(widget => widget.id === PANEL_ID);
      if (wanted && !panel?.isVisible && build.state !== 'cancelled') {
        say(build, actions, trans);
      }
    });
  }
};

function say(build: IBuild, actions: IDevboxActions, trans: TranslationBundle): void {
  const name = build.path.split('/').pop() ?? build.path;
  const open = {
    label: trans.__('Open panel'),
    callback: () => void actions.openPanel()
  };
  if (build.state === 'done') {
    const text = build.write_only
      ? trans.__('The files of %1 are written.', name)
      : trans.__('The image of %1 is ready.', name);
    Notification.success(text, { actions: [open] });
  } else {
    const cause = build.problem?.message ?? trans.__('Jupyter stopped in the middle of it');
    Notification.error(trans.__('The build of %1 failed: %2', name, sentence(cause)), {
      actions: [open]
    });
  }
}
