import { useId } from 'react';
import { Icon } from '../../ui/icon';
import type { ClassRow, UnknownChoice, UnknownMode } from './unknown';

const MODES: ReadonlyArray<[UnknownMode, string, string]> = [
  ['error', 'Say so', 'The task counts as failed and names the class. Nothing is guessed.'],
  ['unlabelled', 'Keep the region without a label', 'You name it with one key. Good for a model that was trained on other classes.'],
  ['drop', 'Leave it out', 'How many were left out is counted.'],
  ['table', 'Decide for each class', 'Give the model’s classes your labels.'],
];

const LABEL = 'label:';
const valueOf = (target: string | null): string => (target === null ? 'drop' : target === '' ? 'unlabelled' : `${LABEL}${target}`);
const targetOf = (value: string): string | null => (value === 'drop' ? null : value === 'unlabelled' ? '' : value.slice(LABEL.length));

interface Props {
  choice: UnknownChoice;
  labels: readonly string[];
  /** Classes that the model is known to say and that are no labels. */
  seen: readonly string[];
  /** The ways that the model knows; all of them where it does not say. */
  modes?: readonly string[] | undefined;
  onChange: (choice: UnknownChoice) => void;
}

/** What becomes of a class of the model that is no label of the project. */
export function UnknownLabelsField({ choice, labels, seen, modes, onChange }: Props) {
  const name = useId();
  const choose = (mode: UnknownMode) => onChange({ ...choice, mode, rows: mode === 'table' && choice.rows.length === 0 ? (seen.length > 0 ? seen : ['']).map((each): ClassRow => ({ name: each, target: '' })) : choice.rows });
  return (
    <fieldset className="field">
      <legend>A class of the model that is no label here</legend>
      <div className="options">
        {MODES.filter(([mode]) => modes === undefined || modes.includes(mode)).map(([mode, title, help]) => (
          <label key={mode}><input type="radio" name={name} checked={choice.mode === mode} onChange={() => choose(mode)} /><span><b className="b">{title}</b><span className="two small">{help}</span></span></label>
        ))}
      </div>
      {choice.mode === 'table' && <ClassTable choice={choice} labels={labels} seen={seen} onChange={onChange} />}
    </fieldset>
  );
}

function ClassTable({ choice, labels, seen, onChange }: Props) {
  const { rows, rest } = choice;
  const put = (at: number, change: Partial<ClassRow>) => onChange({ ...choice, rows: rows.map((row, index) => (index === at ? { ...row, ...change } : row)) });
  const list = useId();
  return (
    <div className="class-table" role="group" aria-label="Classes and labels">
      <datalist id={list}>{seen.map((each) => <option key={each} value={each} />)}</datalist>
      {rows.map((row, at) => (
        <div key={at} className="class-row">
          <input className="input" list={list} aria-label={`Class ${at + 1} of the model`} placeholder="class of the model" value={row.name} spellCheck={false} autoComplete="off" onChange={(event) => put(at, { name: event.target.value })} />
          <Icon name="arrow" />
          <select className="input" aria-label={`What ${row.name || `class ${at + 1}`} becomes`} value={valueOf(row.target)} onChange={(event) => put(at, { target: targetOf(event.target.value) })}>
            {row.target && !labels.includes(row.target) && <option value={valueOf(row.target)}>{row.target} (no label now)</option>}
            {labels.map((label) => <option key={label} value={`${LABEL}${label}`}>{label}</option>)}
            <option value="unlabelled">keep without a label</option>
            <option value="drop">leave out</option>
          </select>
          <button type="button" className="btn ghost icon" aria-label={`Remove ${row.name || `class ${at + 1}`}`} onClick={() => onChange({ ...choice, rows: rows.filter((_, index) => index !== at) })}><Icon name="close" /></button>
        </div>
      ))}
      <div className="row wrap">
        <button type="button" className="btn small" onClick={() => onChange({ ...choice, rows: [...rows, { name: '', target: '' }] })}><Icon name="plus" />Add a class</button>
        <span className="grow" />
        <label className="row"><span className="two">All others</span>
          <select className="input" value={rest} onChange={(event) => onChange({ ...choice, rest: event.target.value as UnknownChoice['rest'] })}><option value="error">say so</option><option value="unlabelled">keep without a label</option><option value="drop">leave out</option></select>
        </label>
      </div>
    </div>
  );
}
