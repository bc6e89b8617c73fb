import { useState } from 'react';
import { Icon } from '../../ui/icon';
import { coloursOf, labelListsOf, withLabels } from './config-labels';

const NAMES: Record<string, string> = {
  RectangleLabels: 'Boxes', PolygonLabels: 'Outlines', EllipseLabels: 'Ellipses', KeyPointLabels: 'Points', Labels: 'Spans', Choices: 'Answers', BrushLabels: 'Brush',
};

/** The labels of a config as chips that can be added and taken away, without a line of XML. */
export function LabelLists({ config, onChange }: { config: string; onChange: (config: string) => void }) {
  const lists = labelListsOf(config);
  const colours = coloursOf(lists);
  return (
    <div className="label-lists">
      {lists.map((list, index) => (
        <div key={index} className="label-list" role="group" aria-label={`${NAMES[list.tag] ?? list.tag} ${list.name}`}>
          <span className="label-list-name two">{NAMES[list.tag] ?? list.tag}</span>
          <div className="label-list-chips">
            {list.values.map((value) => (
              <span key={value} className="chip">
                {list.tag !== 'Choices' && <span className="sq" style={{ ['--c' as string]: colours[index]?.get(value) }} />}<span className="cut" title={value}>{value}</span>
                <button type="button" className="x" aria-label={`Remove ${value}`} onClick={() => onChange(withLabels(config, index, list.values.filter((each) => each !== value)))}><Icon name="close" /></button>
              </span>
            ))}
            <AddLabel taken={list.values} onAdd={(values) => onChange(withLabels(config, index, [...list.values, ...values]))} what={list.tag === 'Choices' ? 'answer' : 'label'} />
          </div>
        </div>
      ))}
    </div>
  );
}

function AddLabel({ taken, onAdd, what }: { taken: readonly string[]; onAdd: (values: string[]) => void; what: string }) {
  const [typed, setTyped] = useState('');
  const add = () => {
    const values = [...new Set(typed.split(/[,\n;]/).map((value) => value.trim()).filter((value) => value && !taken.includes(value)))];
    if (values.length > 0) onAdd(values);
    setTyped('');
  };
  return (
    <input
      className="input add-label" aria-label={`Add a ${what}`} placeholder={`Add a ${what}`} value={typed} onChange={(event) => setTyped(event.target.value)} onBlur={add}
      onKeyDown={(event) => { if (event.key === 'Enter' || event.key === ',') { event.preventDefault(); add(); } }}
      onPaste={(event) => { const text = event.clipboardData.getData('text'); if (/[,\n;]/.test(text)) { event.preventDefault(); setTyped(text.replace(/\n/g, ',')); } }}
    />
  );
}
