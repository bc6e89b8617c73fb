import { type Dispatch, type SetStateAction, useState } from 'react';
import { NOTHING, type Selection } from './selection';

/** The tasks that are selected for one question. Another question, however it came to be asked, begins with none. */
export function useSelection(question: string): [Selection, Dispatch<SetStateAction<Selection>>] {
  const [selection, setSelection] = useState(NOTHING);
  const [of, setOf] = useState(question);
  if (of !== question) {
    setOf(question);
    setSelection(NOTHING);
  }
  return [of === question ? selection : NOTHING, setSelection];
}
