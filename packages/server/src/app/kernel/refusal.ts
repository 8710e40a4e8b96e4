import { AppError, isCode } from '@longshore/base';

/**
 * What people can mend: something is gone, in the way, or not as it should be. Whatever else is thrown within a
 * transaction is its own matter: PostgreSQL may ask for another try.
 */
export function isRefusal(thrown: unknown): thrown is AppError {
  return (
    thrown instanceof AppError &&
    (isCode(thrown, 'notFound') ||
      isCode(thrown, 'conflict') ||
      isCode(thrown, 'invalid') ||
      isCode(thrown, 'corrupt'))
  );
}
