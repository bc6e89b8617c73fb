import { useId, useState } from 'react';
import { nameOf } from '../../api/session';
import type { Column, Person } from '../../api/types';
import { t } from '../../i18n/words';
import { Field } from '../../ui/parts';
import { joinParts, partsOf } from './filters';
import type { Shape } from './operators';

/** What a person can choose from, where there is something. */
export interface Offered {
  labels: readonly string[];
  people: readonly Person[];
}

interface ValueProps {
  column: Column;
  shape: Shape;
  value: string;
  onValue: (value: string) => void;
  offered: Offered;
  wrong?: string | undefined;
  focus: boolean;
}

/** The input that fits what a column is compared with. */
export function ValueInput({ column, shape, value, onValue, offered, wrong, focus }: ValueProps) {
  const suggestions = (column.schema?.items ?? []).map(String);
  if (shape === 'none') return <Pair value={value} onValue={onValue} names={[t('it is empty'), t('it is not empty')]} legend={t('Which')} />;
  if (shape === 'flag') return <Pair value={value} onValue={onValue} names={[t('Yes'), t('No')]} legend={t('Value')} />;
  if (shape === 'labels') return <Picks legend={t('Value')} value={value} onValue={onValue} choices={offered.labels.map((label) => [label, label])} />;
  if (shape === 'people') return <Picks legend={t('Value')} value={value} onValue={onValue} choices={offered.people.map((person) => [String(person.id), nameOf(person)])} />;
  if (shape === 'list') return <Lines value={value} onValue={onValue} wrong={wrong} />;
  if (shape === 'range' || shape === 'time-range') return <Range isTime={shape === 'time-range'} value={value} onValue={onValue} wrong={wrong} />;
  return <One isTime={shape === 'time'} isNumber={shape === 'number'} suggestions={suggestions} value={value} onValue={onValue} wrong={wrong} focus={focus} />;
}

interface InputProps {
  value: string;
  onValue: (value: string) => void;
  wrong?: string | undefined;
}

function One({ isTime, isNumber, suggestions, value, onValue, wrong, focus }: InputProps & { isTime: boolean; isNumber: boolean; suggestions: readonly string[]; focus: boolean }) {
  const list = useId();
  return (
    <Field label={t('Value')} wrong={wrong}>{(wiring) => (
      <>
        {isTime
          ? <TimeInput {...wiring} time={value} onTime={onValue} />
          : <input {...wiring} className="input" list={suggestions.length ? list : undefined} inputMode={isNumber ? 'decimal' : undefined} value={value} onChange={(event) => onValue(event.target.value)} autoFocus={focus} />}
        {suggestions.length > 0 && <datalist id={list}>{suggestions.map((each) => <option key={each} value={each} />)}</datalist>}
      </>
    )}</Field>
  );
}

function Range({ isTime, value, onValue, wrong }: InputProps & { isTime: boolean }) {
  const [low = '', high = ''] = partsOf(value);
  const end = (label: string, now: string, put: (next: string) => string) => (
    <Field label={label} wrong={label === 'To' ? wrong : undefined}>{(wiring) => (isTime
      ? <TimeInput {...wiring} time={now} onTime={(next) => onValue(put(next))} />
      : <input {...wiring} className="input" inputMode="decimal" value={now} onChange={(event) => onValue(put(event.target.value))} />)}
    </Field>
  );
  return (
    <div className={isTime ? 'col ends' : 'row ends'}>
      {end(t('From'), low, (next) => joinParts([next, high]))}
      {end(t('To'), high, (next) => joinParts([low, next]))}
    </div>
  );
}

const Lines = ({ value, onValue, wrong }: InputProps) => {
  const [text, setText] = useState(partsOf(value).join('\n'));
  const take = (next: string) => {
    setText(next);
    onValue(joinParts(next.split('\n').map((line) => line.trim()).filter(Boolean)));
  };
  return <Field label={t('Values')} hint={t('One a line')} wrong={wrong}>{(wiring) => <textarea {...wiring} className="input" rows={4} value={text} onChange={(event) => take(event.target.value)} />}</Field>;
};

const MANY = 8;

/** Several out of a known few; a search over them when they are many. */
function Picks({ legend, value, onValue, choices }: { legend: string; value: string; onValue: (value: string) => void; choices: ReadonlyArray<readonly [key: string, name: string]> }) {
  const [typed, setTyped] = useState('');
  const chosen = new Set(partsOf(value));
  const seen = choices.filter(([, name]) => name.toLowerCase().includes(typed.toLowerCase()));
  const toggle = (key: string) => {
    const next = new Set(chosen);
    if (!next.delete(key)) next.add(key);
    onValue(joinParts([...next]));
  };
  return (
    <fieldset className="field"><legend>{legend}</legend>
      {choices.length > MANY && <input className="input" aria-label={t('Find')} placeholder={t('Find')} value={typed} onChange={(event) => setTyped(event.target.value)} />}
      <div className="picks">
        {seen.map(([key, name]) => <label key={key} className="check"><input type="checkbox" checked={chosen.has(key)} onChange={() => toggle(key)} /><span className="cut">{name}</span></label>)}
        {seen.length === 0 && <span className="muted">{t('Nothing is called so.')}</span>}
      </div>
    </fieldset>
  );
}

const Pair = ({ value, onValue, names, legend }: { value: string; onValue: (value: string) => void; names: readonly [string, string]; legend: string }) => {
  const group = useId();
  return (
    <fieldset className="field"><legend>{legend}</legend>
      <div className="picks">
        {(['true', 'false'] as const).map((each, index) => (
          <label key={each} className="check"><input type="radio" name={group} checked={(value || 'true') === each} onChange={() => onValue(each)} /><span>{names[index]}</span></label>
        ))}
      </div>
    </fieldset>
  );
};

/** A moment as this machine's clock reads it; on the wire it is in UTC. */
function TimeInput({ time, onTime, ...wiring }: { time: string; onTime: (time: string) => void; id: string }) {
  const take = (typed: string) => onTime(typed ? new Date(typed).toISOString() : '');
  return <input {...wiring} className="input" type="datetime-local" value={localOf(time)} onChange={(event) => take(event.target.value)} />;
}

function localOf(time: string): string {
  const at = Date.parse(time);
  if (Number.isNaN(at)) return '';
  return new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
