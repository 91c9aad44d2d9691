import React from 'react';

import { Rows } from './rows';

/** Rows that are drawn beyond the visible ones, so that a slow frame shows no gap. */
const MARGIN = 10;

/** Guesses for before the first layout: a panel's width and height. */
const COLUMNS = 80;
const VISIBLE = 12;

/**
 * Many lines of text, of which only the visible ones are in the page.
 *
 * All text is shown as text. The end is followed until the user scrolls away from it.
 */
export function Lines(props: {
  lines: readonly string[];
  label: string;
  role?: 'log';
  follow?: boolean;
  tall?: boolean;
}): React.ReactElement {
  const { lines, label, role, follow = false } = props;
  const box = React.useRef<HTMLPreElement>(null);
  const gauge = React.useRef<HTMLSpanElement>(null);
  const rows = React.useRef(new Rows()).current;
  const following = React.useRef(follow);
  const [shape, setShape] = React.useState({ columns: COLUMNS, height: 15, visible: VISIBLE });
  const [top, setTop] = React.useState(0);

  rows.fit(lines, shape.columns);

  React.useLayoutEffect(() => {
    const node = box.current;
    const ruler = gauge.current;
    if (!node || !ruler) {
      return;
    }
    const measure = (): void => {
      const { width, height } = ruler.getBoundingClientRect();
      if (width > 0 && node.clientWidth > 0) {
        const inner = node.clientWidth - 2 * PADDING;
        setShape({
          columns: Math.max(10, Math.floor((inner * ruler.textContent!.length) / width)),
          height,
          visible: Math.ceil(node.clientHeight / height)
        });
      }
    };
    measure();
    if (typeof ResizeObserver === 'undefined') {
      return;
    }
    const observer = new ResizeObserver(measure);
    observer.observe(node);
    return () => observer.disconnect();
  }, []);

  React.useLayoutEffect(() => {
    const node = box.current;
    if (node && following.current) {
      node.scrollTop = node.scrollHeight;
    }
  });

  const onScroll = (event: React.UIEvent<HTMLPreElement>): void => {
    const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
    following.current = follow && scrollTop + clientHeight >= scrollHeight - shape.height;
    setTop(Math.floor(scrollTop / shape.height));
  };

  const last = Math.max(0, rows.count - shape.visible);
  const first = Math.max(0, (following.current ? last : Math.min(top, last)) - MARGIN);
  const shown = rows.slice(first, first + shape.visible + 2 * MARGIN);
  return (
    <pre
      ref={box}
      className={`jp-Devbox-lines${props.tall ? ' jp-mod-tall' : ''}`}
      role={role ?? 'region'}
      aria-live={role ? 'off' : undefined}
      aria-label={label}
      tabIndex={0}
      onScroll={onScroll}
    >
      <span className="jp-Devbox-gauge" aria-hidden="true" ref={gauge}>
        {RULER}
      </span>
      <span className="jp-Devbox-room" style={{ height: rows.count * shape.height }}>
        <span
          className="jp-Devbox-shown"
          style={{ transform: `translateY(${first * shape.height}px)` }}
        >
          {shown.join('\n')}
        </span>
      </span>
    </pre>
  );
}

/** A row of a fixed-width font, to be measured. */
const RULER = 'M'.repeat(20);

/** As in the style sheet; pixels. */
const PADDING = 8;
