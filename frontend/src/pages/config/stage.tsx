import type { ControlTag, EditorConfig, ObjectTag } from '../../editor/model/config/config';
import { Icon } from '../../ui/icon';

/** A picture or a text with the labels that can be put on it. */
export function Stage({ config, object, value }: { config: EditorConfig; object: ObjectTag; value: string | undefined }) {
  const controls = config.controls.filter((control) => control.toName === object.name && control.makes !== 'answer');
  return (
    <div className={`preview-stage ${object.kind}`}>
      {value === undefined ? <Nothing object={object} /> : object.kind === 'image' ? <img src={value} alt="The first picture" /> : <p className="preview-text">{value}</p>}
      {controls.length > 0 && <Palette controls={controls} />}
    </div>
  );
}

const Nothing = ({ object }: { object: ObjectTag }) => (
  <div className="none"><Icon name={object.kind === 'image' ? 'picture' : 'text'} size={22} /><p className="two">{object.kind === 'image' ? 'Drop pictures to see the first one here' : 'Drop texts to see the first one here'}</p></div>
);

const Palette = ({ controls }: { controls: readonly ControlTag[] }) => (
  <div className="preview-palette" aria-label="Labels">
    {controls.flatMap((control) => control.labels.map((label) => <span key={`${control.name} ${label.value}`} style={{ ['--c' as string]: label.colour }}><span className="sq" />{label.shown}</span>))}
  </div>
);
