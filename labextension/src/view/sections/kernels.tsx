import React from 'react';

import type { IBox, IKernelSpec } from '../../api/answers';
import { stopIcon, terminalIcon } from '../../icons';
import { runs } from '../../model/state';
import type { IDevboxModel } from '../../tokens';
import { useView } from '../context';
import { IconButton, KernelName, Mini } from '../parts/basics';
import { CantRun } from '../parts/cant-run';
import { Empty, More, Unanswered } from '../parts/empty';
import { boxUse, card } from '../../words';
import type { ISection } from './index';

const FIRST = 50;

export const kernels: ISection = {
  id: 'kernels',
  title: trans => trans.__('Kernels'),
  body: () => <Kernels />,
  summary: (model, trans) => {
    const running = boxesOf(model).filter(box => box.running).length;
    const known = specsOf(model).length;
    return running
      ? trans._n('%1 running', '%1 running', running)
      : known
        ? String(known)
        : trans.__('none');
  },
  signals: model => [model.boxes.changed, model.kernels.changed],
  watch: model => {
    const stops = [model.boxes.watch(), model.kernels.watch()];
    return () => stops.forEach(stop => stop());
  }
};

function boxesOf(model: IDevboxModel): readonly IBox[] {
  return model.boxes.value?.boxes ?? [];
}

/** Return the kernels of the notebook's project; without a notebook those of every project. */
function specsOf(model: IDevboxModel): readonly IKernelSpec[] {
  return model.facts?.kernels ?? model.kernels.value ?? [];
}

function Kernels(): React.ReactElement {
  const { model, trans } = useView();
  const specs = specsOf(model);
  const boxes = boxesOf(model);
  const here = model.facts?.kernel?.id ?? '';
  const mine = new Map(specs.map(spec => [spec, boxOf(spec, boxes, here)]));
  const shown = new Set(mine.values());
  const others = boxes.filter(box => !shown.has(box));
  const hosts = model.facts ? model.hostKernels : [];
  const problem = model.boxes.problem;
  return (
    <div className="jp-Devbox-section">
      {!specs.length && !others.length && <Empty>{trans.__('No kernel runs in a box yet.')}</Empty>}
      {problem && <Unanswered problem={problem} />}
      <ul className="jp-Devbox-list">
        {specs.map(spec => (
          <SpecRow key={spec.name} spec={spec} box={mine.get(spec)} />
        ))}
        {specs.length > 0 && hosts.map(host => <HostRow key={host.name} {...host} />)}
      </ul>
      {others.length > 0 && (
        <>
          <h4 className="jp-Devbox-h4">{trans.__('Other boxes')}</h4>
          <More items={others} first={FIRST}>
            {box => <BoxRow key={box.id} box={box} />}
          </More>
        </>
      )}
    </div>
  );
}

/**
 * Return a kernel's box: of several the one that this notebook's kernel is in, else that of today's
 * files. Beside one of other limits or images an older one goes on for its kernels.
 */
function boxOf(spec: IKernelSpec, boxes: readonly IBox[], kernel: string): IBox | undefined {
  const all = boxes.filter(box => isBoxOf(box, spec));
  const rank = (box: IBox): number =>
    (box.kernels.some(({ id }) => id === kernel) ? 4 : 0) +
    (box.running ? 2 : 0) +
    (box.stale ? 0 : 1);
  return all.reduce<IBox | undefined>(
    (best, box) => (best && rank(best) >= rank(box) ? best : box),
    undefined
  );
}

function isBoxOf(box: IBox, spec: IKernelSpec): boolean {
  const project = [box.project.root, box.project.name].includes(spec.project);
  return project && box.target === spec.target && (box.group ?? '') === (spec.group ?? '');
}

function Row(props: {
  on: boolean;
  name: string;
  children: React.ReactNode;
  actions?: React.ReactNode;
}): React.ReactElement {
  return (
    <li className="jp-Devbox-item">
      <span className={`jp-Devbox-dot${props.on ? '' : ' jp-mod-off'}`} aria-hidden="true" />
      <div className="jp-Devbox-grow">
        <KernelName name={props.name} strong />
        {props.children}
      </div>
      {props.actions}
    </li>
  );
}

function Detail({ parts }: { parts: (string | false | null | undefined)[] }) {
  return <p className="jp-Devbox-dim jp-Devbox-small">{parts.filter(part => part).join(' · ')}</p>;
}

function SpecRow({ spec, box }: { spec: IKernelSpec; box?: IBox }): React.ReactElement {
  const { actions, model, trans } = useView();
  const facts = model.facts;
  const name = spec.display_name;
  const here = facts?.kernel?.name === spec.name;
  const state = facts?.targets.find(target => target.target === spec.target);
  const can = !facts || runs(facts, spec);
  return (
    <Row
      on={!!box?.running}
      name={name}
      actions={
        <>
          {facts && can && !here && (
            <Mini
              label={trans.__('Switch to %1', name)}
              onClick={() => actions.switchTo(spec.name)}
            >
              {trans.__('Switch…')}
            </Mini>
          )}
          {box && <TerminalButton box={box} name={name} />}
          {box && <StopButton box={box} name={name} />}
        </>
      }
    >
      {can || !state ? (
        <Detail
          parts={[
            here && trans.__('This notebook'),
            ...boxParts(box, trans),
            !box?.running && !here && trans.__('not running')
          ]}
        />
      ) : (
        <CantRun state={state} name={name} />
      )}
    </Row>
  );
}

function boxParts(
  box: IBox | undefined,
  trans: ReturnType<typeof useView>['trans']
): (string | false)[] {
  if (!box) {
    return [];
  }
  const count = box.kernels.length;
  return [
    box.running && count > 0 && trans._n('%1 kernel', '%1 kernels', count),
    ...(box.use ? boxUse(trans, box.use) : [!!box.memory && trans.__('limit %1', box.memory)]),
    box.stale && trans.__('made from older files'),
    box.foreign && trans.__('made by VS Code'),
    ...box.gpus.map(gpu => card(trans, gpu, box.gpus.length > 1))
  ];
}

function HostRow(props: { name: string; display_name: string }): React.ReactElement {
  const { actions, model, trans } = useView();
  const here = model.facts?.kernel?.name === props.name;
  return (
    <Row
      on={here}
      name={props.display_name}
      actions={
        !here && (
          <Mini
            label={trans.__('Switch to %1', props.display_name)}
            onClick={() => actions.switchTo(props.name)}
          >
            {trans.__('Switch…')}
          </Mini>
        )
      }
    >
      <Detail parts={[trans.__('On the host'), here && trans.__('this notebook')]} />
    </Row>
  );
}

function BoxRow({ box }: { box: IBox }): React.ReactElement {
  const { trans } = useView();
  const name = `${box.project.name} · ${box.target.toUpperCase()}`;
  return (
    <Row
      on={box.running}
      name={name}
      actions={
        <>
          <TerminalButton box={box} name={name} />
          <StopButton box={box} name={name} />
        </>
      }
    >
      <Detail parts={[!box.running && trans.__('not running'), ...boxParts(box, trans)]} />
    </Row>
  );
}

function TerminalButton({ box, name }: { box: IBox; name: string }): React.ReactElement | null {
  const { actions, trans } = useView();
  if (!box.running || !actions.terminals) {
    return null;
  }
  return (
    <IconButton
      icon={terminalIcon}
      label={trans.__('Open a terminal in the box of %1', name)}
      onClick={() => actions.openTerminal(box)}
    />
  );
}

function StopButton({ box, name }: { box: IBox; name: string }): React.ReactElement | null {
  const { actions, trans } = useView();
  if (!box.running || box.foreign) {
    return null;
  }
  return (
    <IconButton
      icon={stopIcon}
      label={trans.__('Stop the box of %1…', name)}
      onClick={() => actions.stopBox(box.id)}
    />
  );
}
