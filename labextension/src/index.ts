import { actions } from './plugins/actions';
import { cell } from './plugins/cell';
import { commands } from './plugins/commands';
import { model } from './plugins/model';
import { notify } from './plugins/notify';
import { panel } from './plugins/panel';
import { running } from './plugins/running';
import { status } from './plugins/status';
import { toolbar } from './plugins/toolbar';

/** Small plugins, so that each can be switched off; all are drawn from the first. */
export default [model, actions, panel, commands, toolbar, status, running, cell, notify];
