import { useEffect } from 'react';
import { productName } from './appearance';

/** Names the browser's tab after the page: "Progress – Birds – Treadle". What is not known yet is left out. */
export function useTitle(...parts: ReadonlyArray<string | undefined>): void {
  const title = [...parts.filter((part) => part?.trim()), productName()].join(' – ');
  useEffect(() => {
    document.title = title;
    return () => { document.title = productName(); };
  }, [title]);
}
