import { type Dispatch, type SetStateAction, useState } from 'react';
import { NOTHING, type Selection } from './selection';

/** The tasks that are selected for one question. Another question, however it came to be asked, begins with none. */
export function useSelection<Id = number>(question: string): [Selection<Id>, Dispatch<SetStateAction<Selection<Id>>>] {
  const [selection, setSelection] = useState<Selection<Id>>(NOTHING);
  const [of, setOf] = useState(question);
  if (of !== question) {
    setOf(question);
    setSelection(NOTHING);
  }
  return [of === question ? selection : NOTHING, setSelection];
}
