import { useEffect, useState } from 'react';
import { checkConfig } from '../../api/projects';
import type { ConfigProblem } from '../../api/types';

const PAUSE_MS = 350;

export interface ConfigCheck {
  problems: readonly ConfigProblem[];
  /** The very text that the problems are about, so that nobody saves on the word of an older one. */
  checked: string | undefined;
}

/** Asks the server what is wrong with a config, a moment after the last change. */
export function useConfigCheck(config: string, project?: number): ConfigCheck {
  const [check, setCheck] = useState<ConfigCheck>({ problems: [], checked: undefined });
  useEffect(() => {
    const stopper = new AbortController();
    const timer = setTimeout(() => {
      checkConfig(config, project, stopper.signal).then(
        (problems) => setCheck({ problems, checked: config }),
        () => undefined, // the network is away: saving will tell
      );
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      stopper.abort();
    };
  }, [config, project]);
  return check;
}
