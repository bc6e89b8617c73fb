import { useState } from 'react';

/** A form over values that are kept elsewhere: what others change meanwhile shows through, and only what was typed is to be sent. */
export function useTyped<V extends object>(kept: V) {
  const [typed, setTyped] = useState<Partial<V>>({});
  const names = (Object.keys(typed) as Array<keyof V>).filter((name) => typed[name] !== kept[name]);
  const changes = Object.fromEntries(names.map((name) => [name, typed[name]])) as Partial<V>;
  return {
    values: { ...kept, ...typed } as V,
    changes,
    isChanged: names.length > 0,
    set: <K extends keyof V>(name: K, value: V[K]) => setTyped((before) => ({ ...before, [name]: value })),
    /** Lets go of what was saved; what was typed since then stays. */
    letGo: (saved: Partial<V>) => setTyped((before) => Object.fromEntries(Object.entries(before).filter(([name, value]) => saved[name as keyof V] !== value)) as Partial<V>),
    reset: () => setTyped({}),
  };
}
