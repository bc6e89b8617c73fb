import { useId, useState } from 'react';
import { Button, Dialog, DialogTrigger, Popover } from 'react-aria-components';
import type { Column } from '../../api/types';
import { useKeys } from '../../app/keys';
import { Field } from '../../ui/parts';
import { type Filter, idOf, kindOf, operatorsOf, titleOf } from './filters';

/** Left out of the choice: nobody asks for these, or they repeat another. */
const HIDDEN = new Set(['annotations_ids', 'comment_count', 'unresolved_comment_count', 'comment_authors', 'last_comment_updated_at', 'storage_filename', 'avg_lead_time', 'ground_truth']);

interface AddProps {
  columns: readonly Column[];
  labels: readonly string[];
  onAdd: (filter: Filter) => void;
}

/** "+ Filter": a column, how it compares, and with what. */
export function AddFilter({ columns, labels, onAdd }: AddProps) {
  const [open, setOpen] = useState(false);
  useKeys({ f: () => setOpen(true) });
  return (
    <DialogTrigger isOpen={open} onOpenChange={setOpen}>
      <Button className="chip dash">+ Filter</Button>
      <Popover placement="bottom start" className="popover">
        <Dialog aria-label="Add a filter" style={{ outline: 'none' }}>
          <FilterForm columns={columns} labels={labels} onAdd={(filter) => { onAdd(filter); setOpen(false); }} />
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}

function FilterForm({ columns, labels, onAdd }: AddProps) {
  const offered = columns.filter((column) => !HIDDEN.has(column.id)).map((column) => ({ id: idOf(column), title: titleOf(idOf(column), columns), column }));
  const [chosen, setChosen] = useState('annotations_results');
  const column = (offered.find((each) => each.id === chosen) ?? offered[0])?.column;
  const operators = operatorsOf(column);
  const [operator, setOperator] = useState('');
  const [value, setValue] = useState('');
  const list = useId();
  const verb = operators.some(([each]) => each === operator) ? operator : (operators[0]?.[0] ?? 'equal');
  const kind = kindOf(column);
  const suggestions = column?.id === 'annotations_results' || column?.id === 'predictions_results' ? labels : (column?.schema?.items ?? []).map(String);
  const needsValue = verb !== 'empty' && kind !== 'Boolean';
  if (!column) return <p className="two">No column can be filtered yet.</p>;
  const submit = () => {
    if (needsValue && value.trim() === '') return;
    const time = kind === 'Datetime' && needsValue ? new Date(value).toISOString() : value.trim();
    onAdd({ column: idOf(column), operator: verb, value: needsValue ? time : 'true' });
  };
  return (
    <form className="filter-form" onSubmit={(event) => { event.preventDefault(); submit(); }}>
      <Field label="Column">{(wiring) => (
        <select {...wiring} className="input" value={idOf(column)} onChange={(event) => setChosen(event.target.value)} autoFocus>
          {offered.map((each) => <option key={each.id} value={each.id}>{each.title}</option>)}
        </select>
      )}</Field>
      <Field label="Condition">{(wiring) => (
        <select {...wiring} className="input" value={verb} onChange={(event) => setOperator(event.target.value)}>
          {operators.map(([each, words]) => <option key={each} value={each}>{words}</option>)}
        </select>
      )}</Field>
      {needsValue && (
        <Field label="Value">{(wiring) => (
          <>
            <input {...wiring} className="input" list={suggestions.length ? list : undefined} type={kind === 'Datetime' ? 'datetime-local' : 'text'} inputMode={kind === 'Number' ? 'decimal' : undefined} value={value} onChange={(event) => setValue(event.target.value)} />
            {suggestions.length > 0 && <datalist id={list}>{suggestions.map((each) => <option key={each} value={each} />)}</datalist>}
          </>
        )}</Field>
      )}
      <button type="submit" className="btn primary block">Add filter</button>
    </form>
  );
}
