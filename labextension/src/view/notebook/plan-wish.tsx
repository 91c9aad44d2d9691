import React from 'react';

import { useView } from '../context';
import { Mini } from '../parts/basics';

/** A field that becomes a wish when the user is done with it. */
export function Wish(props: {
  label: string;
  hint: string;
  value: string;
  onWish: (text: string) => void;
}): React.ReactElement {
  const [text, setText] = React.useState(props.value);
  const id = React.useId();
  const done = (): void => {
    if (text.trim() !== props.value) {
      props.onWish(text.trim());
    }
  };
  return (
    <div className="jp-Devbox-stack4 jp-Devbox-small">
      <label htmlFor={id}>{props.label}</label>
      <input
        id={id}
        className="jp-Devbox-field"
        value={text}
        aria-describedby={`${id}h`}
        spellCheck={false}
        onChange={event => setText(event.target.value)}
        onBlur={done}
        onKeyDown={event => event.key === 'Enter' && done()}
      />
      <p id={`${id}h`} className="jp-Devbox-dim">
        {props.hint}
      </p>
    </div>
  );
}

/** Names that are typed and taken in one at a time. */
export function AddName(props: {
  label: string;
  button: string;
  onAdd: (name: string) => void;
}): React.ReactElement {
  const { trans } = useView();
  const [text, setText] = React.useState('');
  const id = React.useId();
  const add = (): void => {
    if (text.trim()) {
      props.onAdd(text.trim());
      setText('');
    }
  };
  return (
    <div className="jp-Devbox-stack4 jp-Devbox-small">
      <label htmlFor={id}>{props.label}</label>
      <div className="jp-Devbox-row">
        <input
          id={id}
          className="jp-Devbox-field jp-Devbox-grow"
          value={text}
          spellCheck={false}
          onChange={event => setText(event.target.value)}
          onKeyDown={event => event.key === 'Enter' && add()}
        />
        <Mini label={trans.__('%1: %2', props.button, props.label)} onClick={add}>
          {props.button}
        </Mini>
      </div>
    </div>
  );
}
