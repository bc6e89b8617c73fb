import type { MouseEvent } from 'react';

/** A press with the mouse leaves the focus on the picture, so that the next key goes there. */
export const keepFocus = {
  onMouseDown(event: MouseEvent): void {
    event.preventDefault();
  },
} as const;
