import { type ReactNode, useEffect, useRef } from 'react';

/** What has to be seen, such as why an act was refused: it is brought into view each time that `of` is another. */
export function InSight({ of, children }: { of: unknown; children: ReactNode }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => { place.current?.scrollIntoView?.({ block: 'nearest' }); }, [of]);
  return <div ref={place}>{children}</div>;
}
