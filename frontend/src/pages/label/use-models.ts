import { useCallback, useLayoutEffect, useRef, useState } from 'react';
import type { AskBar, AskButton, Asking } from './asking/index.ts';
import type { Labelling, OpenTask } from './labelling.ts';
import { findModels } from './models.ts';
import { send } from './http.ts';
import type { WireModel } from './wire.ts';

/** What asks a model while one draws, and how it is drawn. */
export interface Asker {
  readonly asking: Asking;
  readonly AskBar: typeof AskBar;
  readonly AskButton: typeof AskButton;
}

export interface Models {
  /** Null: not known yet. */
  readonly models: readonly WireModel[] | null;
  readonly asker: Asker | null;
  /** Call it once a task is drawn. */
  readonly find: () => void;
}

/** The project's models; what asks them is fetched where one can be asked. */
export function useModels(labelling: Labelling, storage: Storage | null, open: OpenTask | null): Models {
  const [models, setModels] = useState<readonly WireModel[] | null>(null);
  const [asker, setAsker] = useState<Asker | null>(null);
  const isAsked = useRef(false);
  const find = useCallback(() => {
    if (isAsked.current) return;
    isAsked.current = true;
    void findModels(labelling.address.projectId).then(async (found) => {
      setModels(found);
      setAsker(await loadAsker(labelling, found, storage));
    });
  }, [labelling, storage]);
  useLayoutEffect(() => asker?.asking.follow(open), [asker, open]);
  return { models, asker, find };
}

/** Where its code cannot be fetched, the page is as without a model. */
async function loadAsker(labelling: Labelling, models: readonly WireModel[], storage: Storage | null): Promise<Asker | null> {
  const [first, ...others] = models.filter((model) => model.is_interactive);
  const code = first && (await import('./asking/index.ts').catch(() => null));
  if (!first || !code) return null;
  const { Asking: Made, ...drawn } = code;
  const asking = new Made({ projectId: labelling.address.projectId, models: [first, ...others], send, storage, say: (text) => labelling.say(text) });
  return { asking, ...drawn };
}
