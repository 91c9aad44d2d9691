import { Button, LabIcon, classes } from '@jupyterlab/ui-components';
import React from 'react';

import { copyIcon, failIcon, foldIcon, okIcon, runIcon, waitIcon, warnIcon } from '../../icons';
import { capital } from '../../words';
import { useView } from '../context';

const MARKS = { ok: okIcon, warn: warnIcon, err: failIcon, run: runIcon, wait: waitIcon };

export type MarkKind = keyof typeof MARKS;

/** A small sign before a line. Its colour says nothing that the text does not say. */
export function Mark({ kind }: { kind: MarkKind }): React.ReactElement {
  return <Icon icon={MARKS[kind]} className={`jp-Devbox-mark jp-mod-${kind}`} />;
}

/** An icon that nobody hears: its text stands beside it. */
export function Icon({ icon, className }: { icon: LabIcon; className?: string }) {
  return (
    <span aria-hidden="true" className={classes('jp-Devbox-icon', className)}>
      <icon.react tag={null} />
    </span>
  );
}

/** Text in which `backticks` mark what is code. It is never markup. */
export function Prose({ text }: { text: string }): React.ReactElement {
  const parts = text.split(/`([^`]+)`/);
  return (
    <>
      {parts.map((part, n) =>
        n % 2 ? (
          <code key={n} className="jp-Devbox-code">
            {part}
          </code>
        ) : (
          part
        )
      )}
    </>
  );
}

interface IAct {
  onClick: () => unknown;
  children: React.ReactNode;
  label?: string;
  disabled?: boolean;
  focus?: React.Ref<HTMLButtonElement>;
}

function act(onClick: () => unknown): React.MouseEventHandler {
  return event => {
    event.preventDefault();
    onClick();
  };
}

/** The one thing to do next. */
export function Primary({ onClick, children, ...rest }: IAct): React.ReactElement {
  return <Wide {...rest} onClick={onClick} className="jp-mod-accept" children={children} />;
}

/** Something else that can be done. */
export function Secondary({ onClick, children, ...rest }: IAct): React.ReactElement {
  return <Wide {...rest} onClick={onClick} children={children} />;
}

function Wide({ onClick, children, label, disabled, className }: IAct & { className?: string }) {
  return (
    <Button
      type="button"
      className={classes('jp-mod-styled', 'jp-Devbox-wide', className)}
      aria-label={label}
      aria-disabled={disabled || undefined}
      onClick={act(disabled ? () => undefined : onClick)}
    >
      {children}
    </Button>
  );
}

/** A button in a row. `label` says what it is about, for those who hear it alone. */
export function Mini({ onClick, children, label }: IAct): React.ReactElement {
  return (
    <Button
      type="button"
      className="jp-mod-styled jp-Devbox-mini"
      aria-label={label}
      onClick={act(onClick)}
    >
      {children}
    </Button>
  );
}

export function IconButton(props: {
  icon: LabIcon;
  label: string;
  onClick: () => unknown;
}): React.ReactElement {
  return (
    <Button
      type="button"
      minimal
      className="jp-Devbox-iconButton"
      aria-label={props.label}
      title={props.label}
      onClick={act(props.onClick)}
    >
      <Icon icon={props.icon} />
    </Button>
  );
}

export function LinkButton({ onClick, children, label }: IAct): React.ReactElement {
  return (
    <button type="button" className="jp-Devbox-link" aria-label={label} onClick={act(onClick)}>
      {children}
    </button>
  );
}

/** A block with a bar at its side. */
export function Note(props: {
  kind?: 'warn' | 'err' | 'ok';
  children: React.ReactNode;
}): React.ReactElement {
  return (
    <div className={classes('jp-Devbox-note', props.kind && `jp-mod-${props.kind}`)}>
      {props.children}
    </div>
  );
}

export function Fact({ mark, children }: { mark: MarkKind; children: React.ReactNode }) {
  return (
    <li className="jp-Devbox-fact">
      <Mark kind={mark} />
      <span>{children}</span>
    </li>
  );
}

export function Hint({ children }: { children: React.ReactNode }): React.ReactElement {
  return <p className="jp-Devbox-dim jp-Devbox-small">{children}</p>;
}

/** Something that opens below its own line. */
export function Disclosure(props: {
  label: string;
  aside?: string;
  open?: boolean;
  children: React.ReactNode;
}): React.ReactElement {
  const [open, setOpen] = React.useState(props.open ?? false);
  const id = React.useId();
  return (
    <div>
      <button
        type="button"
        className="jp-Devbox-disclosure"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
      >
        <Icon icon={foldIcon} />
        <span>{props.label}</span>
        {props.aside && <span className="jp-Devbox-aside">{props.aside}</span>}
      </button>
      {open && (
        <div id={id} className="jp-Devbox-disclosed">
          {props.children}
        </div>
      )}
    </div>
  );
}

/** Paths of files, a line each. */
export function Files(props: { paths: string[] }): React.ReactElement {
  return (
    <ul className="jp-Devbox-small">
      {props.paths.map(path => (
        <li key={path} className="jp-Devbox-code">
          {path}
        </li>
      ))}
    </ul>
  );
}

export function Check(props: {
  label: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
  aside?: string;
  detail?: React.ReactNode;
}): React.ReactElement {
  const id = React.useId();
  return (
    <li className="jp-Devbox-check">
      <input
        type="checkbox"
        id={id}
        checked={props.checked}
        aria-describedby={props.detail ? `${id}d` : undefined}
        onChange={event => props.onChange(event.target.checked)}
      />
      <div className="jp-Devbox-grow">
        <div className="jp-Devbox-checkLine">
          <label htmlFor={id}>{props.label}</label>
          {props.aside && <span className="jp-Devbox-dim jp-Devbox-small">{props.aside}</span>}
        </div>
        {props.detail && (
          <div id={`${id}d`} className="jp-Devbox-dim jp-Devbox-small">
            {props.detail}
          </div>
        )}
      </div>
    </li>
  );
}

/** A kernel's name whose project may be cut, never its target. */
export function KernelName({ name, strong }: { name: string; strong?: boolean }) {
  const cut = name.lastIndexOf(' · ');
  const project = cut < 0 ? name : name.slice(0, cut);
  return (
    <span className={classes('jp-Devbox-kernelName', strong && 'jp-mod-strong')} title={name}>
      <span className="jp-Devbox-cut">{project}</span>
      {cut >= 0 && <span className="jp-Devbox-target">{name.slice(cut)}</span>}
    </span>
  );
}

/** Where a kernel runs, in one word. */
export function Badge({ target }: { target: string }): React.ReactElement {
  return <span className={`jp-Devbox-badge jp-mod-${target}`}>{target.toUpperCase()}</span>;
}

/** A command to be run elsewhere. */
export function Command({ text }: { text: string }): React.ReactElement {
  const { actions, trans } = useView();
  return (
    <div className="jp-Devbox-row jp-mod-top">
      <code className="jp-Devbox-code jp-Devbox-grow">{text}</code>
      <IconButton
        icon={copyIcon}
        label={text.includes('\n') ? trans.__('Copy the commands') : trans.__('Copy the command')}
        onClick={() => actions.copy(text)}
      />
    </div>
  );
}

const PROGRAM =
  /^(sudo|jupyter|docker|podman|pip|python|uv|export|unset|systemctl|newgrp|id|git)\b/;

/** What to do next: lines that are commands can be copied, the others are read. */
export function NextSteps({ text }: { text: string }): React.ReactElement | null {
  if (!text) {
    return null;
  }
  const blocks: { command: boolean; lines: string[] }[] = [];
  for (const line of text.split('\n').filter(line => line.trim())) {
    const command = PROGRAM.test(line.trim());
    const last = blocks[blocks.length - 1];
    if (last?.command === command) {
      last.lines.push(line.trim());
    } else {
      blocks.push({ command, lines: [line.trim()] });
    }
  }
  return (
    <>
      {blocks.map(({ command, lines }, n) =>
        command ? (
          <Command key={n} text={lines.join('\n')} />
        ) : (
          <p key={n} className="jp-Devbox-small">
            <Prose text={capital(lines.join(' '))} />
          </p>
        )
      )}
    </>
  );
}
