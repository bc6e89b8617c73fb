import { useMutation, useQueryClient } from '@tanstack/react-query';
import { messageOf } from '../../ui/parts';
import { say } from '../../ui/toast';

/** An act of the Learning page: what it shows of the project is asked anew after it, and a refusal is said. */
export function useLearningAct<T, V = void>(project: number, act: (value: V) => Promise<T>, done?: (answer: T) => void, isQuiet = false) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSuccess: async (answer) => {
      done?.(answer);
      await Promise.all([client.invalidateQueries({ queryKey: ['learning', project] }), client.invalidateQueries({ queryKey: ['jobs'] })]);
    },
    onError: (error) => { if (!isQuiet) say(messageOf(error), { tone: 'bad' }); },
  });
}
