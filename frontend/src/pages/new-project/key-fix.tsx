import { Notice } from '../../ui/parts';
import { keysWanted, withKey } from '../config/config-labels';
import type { Sample } from '../import/sources';

/** Says when the config shows a column that the data has not, and lets the person name the right one. */
export function KeyFix({ config, sample, onChange }: { config: string; sample: Sample | undefined; onChange: (config: string) => void }) {
  if (!sample || sample.keys.length === 0) return null;
  const missing = keysWanted(config).filter((key) => !sample.keys.includes(key.split(/[.[]/)[0] as string));
  return missing.map((key) => (
    <Notice key={key} tone="warn">
      <label className="row wrap">The config shows “{key}”, which your data has not. Show instead:
        <select className="input" style={{ width: 'auto' }} value="" onChange={(event) => onChange(withKey(config, key, event.target.value))}>
          <option value="" disabled>Choose a column</option>
          {sample.keys.map((each) => <option key={each} value={each}>{each}</option>)}
        </select>
      </label>
    </Notice>
  ));
}
