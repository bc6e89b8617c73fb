import { useState } from 'react';
import type { Column } from '../../api/types';
import { t } from '../../i18n/words';
import { Field } from '../../ui/parts';
import { columnOf, filterable, type Filter, idOf, partsOf, titleOf } from './filters';
import { operatorsOf, shapeOf } from './operators';
import { ValueInput, type Offered } from './value-input';

interface FormProps {
  columns: readonly Column[];
  offered: Offered;
  /** The filter to change; absent: a new one. */
  filter?: Filter | undefined;
  /** What the server said about it. */
  wrong?: string | undefined;
  onDone: (filter: Filter) => void;
}

/** A column, how it compares, and with what. */
export function FilterForm({ columns, offered, filter, wrong, onDone }: FormProps) {
  const groups = filterable(columns, offered.labels);
  const [chosen, setChosen] = useState(filter?.column ?? groups[0]?.[1][0]?.id ?? '');
  const [operator, setOperator] = useState(filter?.operator ?? '');
  const [value, setValue] = useState(filter?.value ?? '');
  const column = columnOf(chosen, columns);
  if (!column) return <p className="two">{t('No column can be filtered yet.')}</p>;
  const operators = operatorsOf(column);
  const verb = operators.some(([each]) => each === operator) ? operator : (operators[0]?.[0] ?? 'equal');
  const shape = shapeOf(column, verb);
  const take = (next: string, verbNow: string) => {
    const target = columnOf(next, columns);
    if (shapeOf(target, verbNow) !== shape || next !== chosen) setValue('');
  };
  const final = shape === 'none' || shape === 'flag' ? value || 'true' : value.trim();
  const isWhole = final !== '' && (!shape.endsWith('range') || partsOf(final).filter(Boolean).length === 2);
  return (
    <form className="filter-form" onSubmit={(event) => { event.preventDefault(); if (isWhole) onDone({ column: chosen, operator: verb, value: final }); }}>
      <Field label={t('Column')}>{(wiring) => (
        <select {...wiring} className="input" value={chosen} onChange={(event) => { take(event.target.value, verb); setChosen(event.target.value); }} autoFocus={!filter}>
          {groups.map(([group, members]) => (
            <optgroup key={group} label={group}>{members.map((each) => <option key={idOf(each)} value={idOf(each)}>{titleOf(idOf(each), columns)}</option>)}</optgroup>
          ))}
        </select>
      )}</Field>
      <Field label={t('Condition')}>{(wiring) => (
        <select {...wiring} className="input" value={verb} onChange={(event) => { take(chosen, event.target.value); setOperator(event.target.value); }}>
          {operators.map(([each, words]) => <option key={each} value={each}>{words}</option>)}
        </select>
      )}</Field>
      <ValueInput key={`${chosen} ${shape}`} column={column} shape={shape} value={value} onValue={setValue} offered={offered} wrong={wrong} focus={filter !== undefined} />
      <button type="submit" className="btn primary block" disabled={!isWhole}>{filter ? t('Change filter') : t('Add filter')}</button>
    </form>
  );
}
