import { useId } from 'react';
import { Field } from '../../ui/parts';
import { type Asked, type Typed, wrongWithParam } from './params';

interface Props {
  params: readonly Asked[];
  typed: Typed;
  onType: (name: string, value: string) => void;
  /** Values to choose from of fields that take any text, by name. */
  known?: Readonly<Record<string, readonly string[]>>;
}

/** The fields of a model's parameters, as it declares them. */
export function ParamFields({ params, typed, onType, known = {} }: Props) {
  const list = useId();
  return (
    <div className="params">
      {params.map((param) => {
        const value = typed[param.name] ?? '';
        const wrong = wrongWithParam(param, value);
        return (
          <Field key={param.name} label={param.label} hint={param.help} wrong={wrong}>
            {(wiring) => (param.kind === 'choice'
              ? <select {...wiring} className="input" value={value} onChange={(event) => onType(param.name, event.target.value)}>{(param.choices ?? []).map((each) => <option key={each} value={each}>{each}</option>)}</select>
              : <><input {...wiring} className="input" list={known[param.name] ? `${list}-${param.name}` : undefined} inputMode={param.kind === 'text' ? 'text' : param.kind === 'int' ? 'numeric' : 'decimal'} value={value} placeholder={param.optional ?? undefined} spellCheck={false} autoComplete="off" onChange={(event) => onType(param.name, event.target.value)} />{known[param.name] && <datalist id={`${list}-${param.name}`}>{known[param.name]?.map((each) => <option key={each} value={each} />)}</datalist>}</>)}
          </Field>
        );
      })}
    </div>
  );
}
