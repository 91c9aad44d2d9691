import React from 'react';

import type { State } from '../../model/state';

/**
 * Keep the keyboard's place while one state gives way to another.
 *
 * Only what the user did here moves the focus: the plan that they opened gets it (its first
 * question, else its heading), the build that they began (its heading, never *Cancel*), and Back
 * returns to the button that it came from. A state that comes by itself moves nothing; only where
 * the focused control is gone with it, the section takes the focus, lest the keyboard's place be
 * lost.
 */
export function useFocus(state: State): {
  root: React.RefObject<HTMLDivElement>;
  heading: React.RefObject<HTMLHeadingElement>;
} {
  const root = React.useRef<HTMLDivElement>(null);
  const heading = React.useRef<HTMLHeadingElement>(null);
  const held = React.useRef(false);
  const before = React.useRef('');
  // A plan that is still being made has no question yet: it comes to its place when it is there.
  const place = state.kind === 'plan' ? `plan ${state.draft.plan ? 'made' : ''}` : state.kind;

  React.useEffect(() => {
    const node = root.current;
    const note = (): void => {
      held.current = true;
    };
    const forget = (event: FocusEvent): void => {
      // Without a goal the focus was lost with its control, and not moved by the user.
      held.current = event.relatedTarget === null || !!node?.contains(event.relatedTarget as Node);
    };
    const elsewhere = (event: MouseEvent): void => {
      held.current = !!node?.contains(event.target as Node);
    };
    node?.addEventListener('focusin', note);
    node?.addEventListener('focusout', forget);
    document.addEventListener('mousedown', elsewhere, true);
    return () => {
      node?.removeEventListener('focusin', note);
      node?.removeEventListener('focusout', forget);
      document.removeEventListener('mousedown', elsewhere, true);
    };
  }, []);

  React.useLayoutEffect(() => {
    const last = before.current;
    before.current = place;
    const node = root.current;
    if (!node || place === last || !held.current) {
      return;
    }
    const lost = !node.contains(document.activeElement) || document.activeElement === node;
    if (place === 'plan made') {
      const question = node.querySelector<HTMLElement>('.jp-Devbox-question');
      (question ?? heading.current)?.focus();
    } else if (place.startsWith('plan') || (last.startsWith('plan') && place === 'building')) {
      heading.current?.focus();
    } else if (last.startsWith('plan')) {
      node.querySelector<HTMLElement>('.jp-mod-accept, .jp-Devbox-wide')?.focus();
    } else if (lost && (!document.activeElement || document.activeElement === document.body)) {
      node.focus();
    }
  });
  return { root, heading };
}
