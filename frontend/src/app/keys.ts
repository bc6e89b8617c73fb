import { useEffect, useRef } from 'react';
import { useOverlay } from './overlay';

export type KeyMap = Record<string, (event: KeyboardEvent) => void>;

const TYPING = 'input:not([type="checkbox"]):not([type="radio"]):not([type="button"]), textarea, select, [contenteditable="true"]';

/** The name of a pressed key as key maps write it: "mod+k", "shift+ArrowDown", "?", "l". */
export function nameOfKey(event: KeyboardEvent): string {
  const letter = event.key.length === 1;
  const parts = [
    event.ctrlKey || event.metaKey ? 'mod' : '',
    event.altKey ? 'alt' : '',
    event.shiftKey && !letter ? 'shift' : '',
    letter ? event.key.toLowerCase() : event.key,
  ];
  return parts.filter(Boolean).join('+');
}

/** Keys of a page. They rest while somebody types and while a dialog is open; those with "mod" work always. */
export function useKeys(map: KeyMap): void {
  const latest = useRef(map);
  latest.current = map;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const name = nameOfKey(event);
      const act = latest.current[name];
      if (!act || event.defaultPrevented || event.repeat) return;
      if (!name.startsWith('mod+') && (isTyping(event.target) || isCovered())) return;
      event.preventDefault();
      act(event);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}

/** Whether something lies over the page, or is on its way: what one types then is meant for it. */
const isCovered = (): boolean => useOverlay.getState().open !== null || document.querySelector('[role="dialog"], [role="alertdialog"], [role="menu"]') !== null;

const isTyping = (target: EventTarget | null): boolean => target instanceof Element && target.matches(TYPING);

/** "Ctrl" or "⌘", whichever this machine's people press. */
export const MOD = /mac|iphone|ipad/i.test(navigator.platform) ? '⌘' : 'Ctrl';
