import { useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect } from 'react';

/** What an address asks to be opened at once, such as `?do=new-branch`. */
export interface WishSearch {
  do?: string | undefined;
}

export const wishIn = (search: Record<string, unknown>): WishSearch => (typeof search['do'] === 'string' && search['do'] !== '' ? { do: search['do'] } : {});

/** Does what the address wishes, once, and lets the wish go, so that neither Back nor a reload does it again. */
export function useWish(name: string, act: () => void): void {
  const wish = (useSearch({ strict: false }) as WishSearch).do;
  const navigate = useNavigate();
  useEffect(() => {
    if (wish !== name) return;
    act();
    void navigate({ to: '.', search: (({ do: _, ...rest }: WishSearch) => rest) as never, replace: true });
    // The act is another function at every drawing; the wish is one.
  }, [wish, name]);
}
