import { type KeyboardEvent, type RefObject, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { Icon } from '../../ui/icon';
import { type Completion, type Completions, wrongStretch } from './search-text';

interface FieldProps {
  value: string;
  /** What it looks for, in the plural: "runs". */
  things: string;
  placeholder: string;
  /** What could stand at a place of a text. */
  complete: (text: string, caret: number) => Completions;
  /** What the server could not understand of `value`. */
  wrong: { at: number | undefined; message: string } | undefined;
  onSearch: (text: string) => void;
  field: RefObject<HTMLInputElement | null>;
}

/** One field in MLflow's search syntax: it completes names and operators, and marks what was not understood. Enter searches. */
export function SearchField({ value, things, placeholder, complete, wrong, onSearch, field }: FieldProps) {
  const [text, setText] = useState(value);
  const [caret, setCaret] = useState(0);
  const [isOpen, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const [scroll, setScroll] = useState(0);
  /** Where the caret goes once a completion is in the field. */
  const [put, setPut] = useState<number | undefined>(undefined);
  const list = useRef<HTMLUListElement>(null);
  const id = useId();
  useEffect(() => setText(value), [value]);
  const offers = useMemo(() => complete(text, caret), [text, caret, complete]);
  const isShown = isOpen && offers.found.length > 0;
  useEffect(() => { list.current?.children[at]?.scrollIntoView({ block: 'nearest' }); }, [at]);
  useLayoutEffect(() => { // before the next key comes
    if (put === undefined) return;
    field.current?.focus();
    field.current?.setSelectionRange(put, put);
    setCaret(put);
    setPut(undefined);
  }, [put, field]);
  const look = () => {
    setCaret(field.current?.selectionStart ?? 0);
    setScroll(field.current?.scrollLeft ?? 0);
  };
  const take = (offer: Completion) => {
    const next = text.slice(0, offers.from) + offer.text + text.slice(offers.to).replace(/^ /, '');
    const place = offers.from + offer.text.length;
    setText(next);
    setAt(-1);
    setPut(place);
  };
  const search = () => {
    setOpen(false);
    setAt(-1);
    onSearch(text.trim());
  };
  const onKey = (event: KeyboardEvent) => {
    const chosen = isShown ? offers.found[at] : undefined;
    const acts: Record<string, () => void> = {
      ArrowDown: () => { setOpen(true); setAt((now) => Math.min(offers.found.length - 1, now + 1)); },
      ArrowUp: () => setAt((now) => Math.max(-1, now - 1)),
      Enter: () => (chosen ? take(chosen) : search()),
      ...(chosen ? { Tab: () => take(chosen) } : {}),
      ...(isShown ? { Escape: () => { setOpen(false); setAt(-1); } } : {}),
    };
    const act = acts[event.key];
    if (!act || event.nativeEvent.isComposing) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  };
  const isWrong = wrong !== undefined && text.trim() === value;
  const [from, to] = isWrong ? wrongStretch(text, wrong.at) : [0, 0];
  return (
    <div className="run-search search" onBlur={(event) => { if (!event.currentTarget.contains(event.relatedTarget)) setOpen(false); }}>
      <Icon name="search" />
      <div className="run-search-face">
        {isWrong && <div className="run-search-marks" aria-hidden="true"><span style={{ transform: `translateX(${-scroll}px)` }}>{text.slice(0, from)}<u>{text.slice(from, to)}</u></span></div>}
        <input
          ref={field} className="input mono-input" value={text} spellCheck={false} autoCapitalize="off" autoComplete="off"
          role="combobox" aria-label={`Find ${things}`} aria-expanded={isShown} aria-controls={`${id}-list`} aria-autocomplete="list" aria-activedescendant={isShown && at >= 0 ? `${id}-${at}` : undefined} {...(isWrong ? { 'aria-invalid': true, 'aria-describedby': `${id}-wrong` } : {})}
          placeholder={placeholder}
          onChange={(event) => { setText(event.target.value); setOpen(true); setAt(-1); look(); }} onSelect={look} onScroll={look} onFocus={() => setOpen(true)} onClick={() => setOpen(true)} onKeyDown={onKey}
        />
      </div>
      {text !== '' && <button type="button" className="btn ghost icon small run-search-clear" aria-label={`Find all ${things}`} onClick={() => { setText(''); onSearch(''); field.current?.focus(); }}><Icon name="close" /></button>}
      <ul role="listbox" id={`${id}-list`} aria-label="What could stand here" className="menu run-search-list" hidden={!isShown} ref={list}>
        {isShown && offers.found.map((offer, index) => (
          <li key={offer.text} id={`${id}-${index}`} role="option" aria-selected={index === at} data-focused={index === at || undefined} onPointerDown={(event) => { event.preventDefault(); take(offer); }}>
            <span className="mono grow cut">{offer.text.trim()}</span><span className="muted small">{offer.what}</span>
          </li>
        ))}
      </ul>
      {isWrong && <p className="run-search-wrong small" id={`${id}-wrong`} role="alert">{wrong.message}</p>}
    </div>
  );
}
