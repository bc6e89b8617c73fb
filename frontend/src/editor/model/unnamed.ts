import { type EditorConfig, findControl } from './config/config';
import type { RecordStore } from './store/record-store';
import { isPrompt } from './suggestions';
import type { Region } from './types';

/** What a model found and could not name: its class is no label of the config. A label's key names it. */
export function isUnnamed(config: EditorConfig, region: Region): boolean {
  if (!region.suggested || region.labels.length > 0 || isPrompt(region)) return false;
  const control = findControl(config, region.fromName);
  return control !== undefined && control.labels.length > 0 && control.attributes.allowEmpty !== true;
}

/** The first one without a name, in the order of creation; undefined when all have one. */
export function firstUnnamed(config: EditorConfig, store: RecordStore): Region | undefined {
  return store.all().find((region) => region.hidden !== true && isUnnamed(config, region));
}
