import { PageConfig } from '@jupyterlab/coreutils';
import React from 'react';

import type { IBoxPorts, IPort } from '../../api/answers';
import { copyIcon } from '../../icons';
import { ILabPlace, addressesOf } from '../../model/address';
import type { IDevboxModel } from '../../tokens';
import { useView } from '../context';
import { Hint, IconButton, KernelName, Primary, Secondary } from '../parts/basics';
import { More, Unanswered } from '../parts/empty';
import type { ISection } from './index';

const FIRST = 20;
/** Where TensorBoard's logs are looked for, beside the notebook; the server's own word. */
const LOGDIR = 'runs/';

export const ports: ISection = {
  id: 'ports',
  title: trans => trans.__('Ports'),
  body: () => <Ports />,
  summary: (model, trans) => {
    const open = boxesOf(model).flatMap(box => box.ports.filter(port => port.local)).length;
    return open ? trans.__('%1 open', open) : trans.__('none');
  },
  signals: model => [model.ports.changed],
  watch: model => model.ports.watch()
};

function boxesOf(model: IDevboxModel): readonly IBoxPorts[] {
  return model.ports.value?.boxes ?? [];
}

/** Tell whether a box is the one that the notebook in front runs in. */
function isHere(model: IDevboxModel, box: IBoxPorts): boolean {
  const facts = model.facts;
  return facts?.kernel?.target === box.target && facts.project.root === box.project.root;
}

function Ports(): React.ReactElement {
  const { model, trans } = useView();
  const boxes = boxesOf(model);
  const mine = boxes.filter(box => isHere(model, box));
  const others = boxes.filter(box => !mine.includes(box) && box.ports.length);
  const listening = mine.flatMap(box => box.ports);
  const problem = model.ports.problem;
  return (
    <div className="jp-Devbox-section" tabIndex={0} role="group" aria-label={trans.__('Ports')}>
      {problem && <Unanswered problem={problem} />}
      {!mine.length && !others.length && (
        <p>{trans.__('Ports appear here when the notebook runs in a box.')}</p>
      )}
      {mine.length > 0 && <Mine ports={listening} />}
      {others.map(box => (
        <React.Fragment key={box.id}>
          <h4 className="jp-Devbox-h4">
            <KernelName name={`${box.project.name} · ${box.target.toUpperCase()}`} />
          </h4>
          <Rows ports={box.ports} />
        </React.Fragment>
      ))}
      {boxes.some(box => box.ports.some(port => port.local)) && (
        <Hint>{trans.__('Reached from this machine, or through your Jupyter login.')}</Hint>
      )}
    </div>
  );
}

/** The notebook's own box. */
function Mine({ ports }: { ports: readonly IPort[] }): React.ReactElement {
  const { trans } = useView();
  return (
    <>
      {ports.length > 0 ? (
        <Rows ports={ports} />
      ) : (
        <p>{trans.__('Nothing in this box is listening.')}</p>
      )}
      {!ports.some(port => port.label === 'TensorBoard') && <Start primary={!ports.length} />}
      {!ports.length && (
        <Hint>{trans.__('Other programs show up here when they open a port.')}</Hint>
      )}
    </>
  );
}

function Start({ primary }: { primary: boolean }): React.ReactElement {
  const { actions, trans } = useView();
  const [busy, setBusy] = React.useState(false);
  const start = async () => {
    setBusy(true);
    await actions.startTensorboard();
    setBusy(false);
  };
  const Wide = primary ? Primary : Secondary;
  return (
    <>
      <Wide disabled={busy} onClick={start}>
        {trans.__('Start TensorBoard on %1', LOGDIR)}
      </Wide>
      {busy && <p role="status">{trans.__('Starting TensorBoard…')}</p>}
    </>
  );
}

function Rows({ ports }: { ports: readonly IPort[] }): React.ReactElement {
  return (
    <More items={ports} first={FIRST}>
      {port => <Row key={port.port} port={port} />}
    </More>
  );
}

function Row({ port }: { port: IPort }): React.ReactElement {
  const { actions, trans } = useView();
  const name = port.label || trans.__('Port %1', port.port);
  const parts = [
    port.process || trans.__("a program of another user's"),
    port.label && trans.__('port %1', port.port),
    port.local && port.local !== port.port && trans.__('here %1', port.local),
    !port.local && trans.__('not forwarded')
  ].filter(part => part);
  return (
    <li className="jp-Devbox-item">
      <span className={`jp-Devbox-dot${port.local ? '' : ' jp-mod-off'}`} aria-hidden="true" />
      <div className="jp-Devbox-grow">
        <div className="jp-Devbox-name">{name}</div>
        <p className="jp-Devbox-dim jp-Devbox-small">{parts.join(' · ')}</p>
        {port.local && <Links name={name} local={port.local} />}
      </div>
      {!port.local && (
        <IconButton
          icon={copyIcon}
          label={trans.__('Copy the command that forwards port %1', port.port)}
          onClick={() => actions.copy(`jupyter devbox ports --open ${port.port}`)}
        />
      )}
    </li>
  );
}

function Links({ name, local }: { name: string; local: number }): React.ReactElement {
  const { model, trans } = useView();
  const { link, proxy } = addressesOf(local, labPlace(model));
  const tab = { target: '_blank', rel: 'noopener noreferrer', className: 'jp-Devbox-link' };
  return (
    <div className="jp-Devbox-row jp-mod-wrap">
      {link && (
        <a {...tab} href={link} aria-label={trans.__('Open %1', name)}>
          {trans.__('Open')}
        </a>
      )}
      {proxy && (
        <a
          {...tab}
          href={proxy}
          aria-label={trans.__('Open %1 through Lab', name)}
          title={trans.__("At Lab's own address, for a tunnel that leads to Lab alone")}
        >
          {trans.__('through Lab')}
        </a>
      )}
    </div>
  );
}

function labPlace(model: IDevboxModel): ILabPlace {
  return {
    hostname: window.location.hostname,
    baseUrl: model.api.baseUrl,
    hub: PageConfig.getOption('hubPrefix') !== '',
    proxied: model.ports.value?.proxied ?? false
  };
}
