import { useEffect, useRef, useState } from 'react';
import { askLog } from '../../api/learning';
import { messageOf, Notice } from '../../ui/parts';

const EVERY_MS = 1_500;
const MOST_CHARACTERS = 200_000;

/** What a training writes, while it writes it. */
export function TrainingLog({ training }: { training: number }) {
  const { text, error, isOver } = useLog(training);
  const place = useRef<HTMLPreElement>(null);
  const follows = useRef(true);
  useEffect(() => { if (place.current && follows.current) place.current.scrollTop = place.current.scrollHeight; }, [text]);
  return (
    <>
      {error !== undefined && <Notice tone="bad">The log could not be asked for: {messageOf(error)}</Notice>}
      <pre ref={place} className="log mono" tabIndex={0} aria-label="Log" onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => { follows.current = scrollHeight - scrollTop - clientHeight < 24; }}>{text || (isOver ? 'It wrote nothing.' : 'Nothing yet.')}</pre>
    </>
  );
}

function useLog(training: number) {
  const [told, setTold] = useState<{ text: string; isOver: boolean; error?: unknown }>({ text: '', isOver: false });
  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async (from: number): Promise<void> => {
      let next = from;
      let isLast = false;
      try {
        const part = await askLog(training, from, stop.signal);
        next = part.next;
        isLast = part.is_over && part.next === from;
        setTold((before) => ({ text: (before.text + part.text).slice(-MOST_CHARACTERS), isOver: part.is_over }));
        if (next > from) return ask(next); // there may be more already
      } catch (error) {
        if (stop.signal.aborted) return undefined;
        setTold((before) => ({ ...before, error }));
      }
      if (!isLast && !stop.signal.aborted) timer = setTimeout(() => void ask(next), EVERY_MS);
      return undefined;
    };
    void ask(0);
    return () => { stop.abort(); clearTimeout(timer); };
  }, [training]);
  return told;
}
