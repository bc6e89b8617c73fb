import { useState } from 'react';
import type { View } from '../../api/types';
import { differs, type Look, lookOf } from './look';

/** How the person looks at a project's tasks, or at a view of them; their changes are kept in this browser. */
export function useLook(project: number, view: View | undefined) {
  const key = `treadle.look.${project}${view ? `.${view.id}` : ''}`;
  const [seen, setSeen] = useState<Record<string, Look>>({});
  const own = seen[key] ?? read(key);
  const put = (next: Look) => {
    setSeen((all) => ({ ...all, [key]: next }));
    keep(key, next);
  };
  return {
    look: { ...lookOf(view?.data), ...own },
    change: (part: Look) => put({ ...own, ...part }),
    /** Whether a view was left looking otherwise than it was saved. */
    isChanged: view !== undefined && differs(own, view),
    forget: () => put({}),
  };
}

function read(key: string): Look {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key) ?? '{}');
    return typeof kept === 'object' && kept !== null && !Array.isArray(kept) ? (kept as Look) : {};
  } catch {
    return {};
  }
}

function keep(key: string, look: Look): void {
  try {
    if (Object.keys(look).length === 0) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(look));
  } catch {
    // Storage is switched off or full: the choice holds until the page closes.
  }
}
