/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "shmooze-mutex.h"

#include "os/shmooze-deadline-private.h"
#include "region/shmooze-region-private.h"

#include <glib/gi18n-lib.h>

/**
 * ShmoozeMutex:
 *
 * A named lock that processes share, and that reports when its owner died.
 *
 * ```c
 * g_autoptr(ShmoozeMutex) mutex = shmooze_mutex_create_or_open ("ledger", FALSE, NULL, &error);
 *
 * if (mutex == NULL || shmooze_mutex_lock (mutex, 5 * G_USEC_PER_SEC, NULL, &error) == SHMOOZE_LOCK_FAILED)
 *   return FALSE;
 * write_the_ledger ();
 * return shmooze_mutex_unlock (mutex, &error);
 * ```
 *
 * The owner of a locked mutex is the `ShmoozeMutex` object, not the thread:
 * any thread may unlock the mutex through the object that locked it. A mutex
 * is not recursive: locking it again through the same object fails with
 * %G_IO_ERROR_PENDING instead of deadlocking. Two objects with the same name
 * exclude each other, whether they are in one process or in two.
 *
 * If the owner exits, is killed, or drops the object without unlocking the
 * mutex, the next lock succeeds with %SHMOOZE_LOCK_ABANDONED. The data that
 * the mutex protects may be inconsistent in this case.
 *
 * A name is a plain name, like that of a [class@Region], but mutexes and
 * regions do not share their names: each may use the same one. A mutex exists
 * as long as any process has a `ShmoozeMutex` of its name. After that,
 * creating a mutex of the same name makes a new one, which is unlocked and
 * not abandoned.
 *
 * In a forked child, the objects of the parent process cannot be used:
 * locking and unlocking fail with %G_IO_ERROR_NOT_SUPPORTED and change
 * nothing. The child must open the mutex itself.
 *
 * A mutex may be used from several threads.
 *
 * Since: 1.0
 */

/* The time between two attempts to lock a mutex that has another owner. It is doubled after each attempt. */
#define FIRST_PAUSE_USEC 1000
#define LONGEST_PAUSE_USEC 16000

/* The word in the region says how the last owner left: it is set after locking and cleared before unlocking. */
enum
{
  WORD_FREE,
  WORD_OWNED
};

typedef enum
{
  STAGE_IDLE,
  STAGE_BUSY,   /* being locked or unlocked through this object */
  STAGE_OWNED
} Stage;

struct _ShmoozeMutex
{
  GObject            parent_instance;

  char              *name;
  ShmoozeRegion     *region;
  ShmoozeView       *view;
  _Atomic (guint32) *word;
  atomic_int         stage;
};

/* An attempt to lock, which is repeated until the deadline. */
typedef struct
{
  ShmoozeDeadline deadline;
  gboolean        try_once;
  gint64          next;      /* time of the next attempt */
} Attempt;

G_DEFINE_FINAL_TYPE (ShmoozeMutex, shmooze_mutex, G_TYPE_OBJECT)

typedef enum
{
  PROP_NAME = 1
} Property;

static GParamSpec *properties[PROP_NAME + 1];

/* The kernel's lock orders the memory accesses of successive owners, but C does not know about it. This variable
 * expresses the order between threads of one process in terms of the language. */
static atomic_uint handover;

static void
shmooze_mutex_finalize (GObject *object)
{
  ShmoozeMutex *self = SHMOOZE_MUTEX (object);

  /* The word stays set, so that the next owner learns that this one left without unlocking. Closing the region does
   * not suffice: a child that is just being forked would delay the release of the lock. */
  if (atomic_load (&self->stage) == STAGE_OWNED)
    shmooze_region_unlock (self->region, 0);
  g_clear_object (&self->view);
  if (self->region != NULL)
    shmooze_region_close (self->region);  /* another reference may be waiting for the emission of "lost" */
  g_clear_object (&self->region);
  g_clear_pointer (&self->name, g_free);

  G_OBJECT_CLASS (shmooze_mutex_parent_class)->finalize (object);
}

static void
shmooze_mutex_get_property (GObject    *object,
                            guint       id,
                            GValue     *value,
                            GParamSpec *pspec)
{
  ShmoozeMutex *self = SHMOOZE_MUTEX (object);

  switch ((Property) id)
    {
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
shmooze_mutex_class_init (ShmoozeMutexClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = shmooze_mutex_finalize;
  object_class->get_property = shmooze_mutex_get_property;

  /**
   * ShmoozeMutex:name:
   *
   * The name with which the mutex was created or opened.
   *
   * Since: 1.0
   */
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL,
                                               G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
shmooze_mutex_init (ShmoozeMutex *self)
{
}

/* Takes over @region or, if that is NULL, @region_error. */
static ShmoozeMutex *
mutex_new (const char     *name,
           ShmoozeRegion  *region,
           GError         *region_error,
           gboolean        owned,
           GError        **error)
{
  g_autoptr(ShmoozeMutex) self = g_object_new (SHMOOZE_TYPE_MUTEX, NULL);

  self->name = g_strdup (name);
  self->region = region;
  atomic_init (&self->stage, owned ? STAGE_OWNED : STAGE_IDLE);
  if (region != NULL)
    self->view = shmooze_region_create_view (region, 0, sizeof *self->word, SHMOOZE_ACCESS_READ_WRITE, &region_error);
  if (self->view != NULL)
    {
      self->word = shmooze_view_get_data (self->view);
      return g_steal_pointer (&self);
    }

  /* The message about an invalid name is complete, and the name may not be fit for display. */
  if (!g_error_matches (region_error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME))
    g_prefix_error (&region_error, _("Mutex “%s”: "), name);
  g_propagate_error (error, region_error);
  return NULL;
}

static void
fill_with_owned (gpointer data,
                 gpointer user_data)
{
  atomic_store ((_Atomic (guint32) *) data, WORD_OWNED);
}

/**
 * shmooze_mutex_create_or_open: (constructor)
 * @name: a plain name
 * @initially_owned: whether the creator of a new mutex owns it from the
 *   start; has no effect if the mutex already exists
 * @created: (out) (optional): whether the mutex was created
 * @error: return location for an error
 *
 * Opens the mutex @name, or creates it if it does not exist. If several
 * processes do so at the same time, exactly one of them creates the mutex.
 *
 * If @created is set to `FALSE`, the caller does not own the mutex even if
 * @initially_owned is `TRUE`, and has to call [method@Mutex.lock].
 *
 * Fails with %G_IO_ERROR_INVALID_FILENAME if @name is not a valid name,
 * %SHMOOZE_ERROR_LAYOUT if the file of that name is not a mutex,
 * %G_IO_ERROR_PERMISSION_DENIED if it belongs to another user,
 * %G_IO_ERROR_NO_SPACE if there is not enough memory, and %G_IO_ERROR_BUSY if
 * other processes keep opening and dropping the mutex.
 *
 * Returns: (transfer full): the mutex
 *
 * Since: 1.0
 */
ShmoozeMutex *
shmooze_mutex_create_or_open (const char  *name,
                              gboolean     initially_owned,
                              gboolean    *created,
                              GError     **error)
{
  const ShmoozeBackingSpec spec = {
    .capacity = sizeof (guint32),
    .access = SHMOOZE_ACCESS_READ_WRITE,
    .fill = initially_owned ? fill_with_owned : NULL,
    .locked = initially_owned
  };
  GError *region_error = NULL;
  ShmoozeRegion *region;
  ShmoozeMutex *self;
  gboolean new = FALSE;

  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  region = shmooze_region_create_or_open_in (SHMOOZE_FOLDER_MUTEXES, name, &spec, &new, &region_error);
  self = mutex_new (name, region, region_error, initially_owned && new, error);
  if (self != NULL && created != NULL)
    *created = new;
  return self;
}

/**
 * shmooze_mutex_open: (constructor)
 * @name: the name of a mutex
 * @error: return location for an error
 *
 * Opens an existing mutex.
 *
 * Fails with %G_IO_ERROR_NOT_FOUND if the mutex does not exist, and otherwise
 * like [ctor@Mutex.create_or_open].
 *
 * Returns: (transfer full): the mutex
 *
 * Since: 1.0
 */
ShmoozeMutex *
shmooze_mutex_open (const char  *name,
                    GError     **error)
{
  GError *region_error = NULL;
  ShmoozeRegion *region;

  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  region = shmooze_region_open_in (SHMOOZE_FOLDER_MUTEXES, name, SHMOOZE_ACCESS_READ_WRITE, &region_error);
  if (g_error_matches (region_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    {
      g_error_free (region_error);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, _("Mutex “%s” does not exist"), name);
      return NULL;
    }
  return mutex_new (name, region, region_error, FALSE, error);
}

/**
 * shmooze_mutex_get_name:
 * @self: a mutex
 *
 * Gets the name with which the mutex was created or opened.
 *
 * Returns: the name
 *
 * Since: 1.0
 */
const char *
shmooze_mutex_get_name (ShmoozeMutex *self)
{
  g_return_val_if_fail (SHMOOZE_IS_MUTEX (self), NULL);

  return self->name;
}

static gboolean
check_attached (ShmoozeMutex  *self,
                GError       **error)
{
  if (!shmooze_region_is_detached (self->region))
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               _("Mutex “%s” was opened by the parent process; open it again in the forked child"), self->name);
  return FALSE;
}

static gboolean
check_whole (ShmoozeMutex  *self,
             GError       **error)
{
  if (shmooze_region_check (self->region, NULL))
    return TRUE;

  g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST,
               _("Mutex “%s” is lost: %s was truncated or overwritten; drop the mutex and open it again"),
               self->name, shmooze_region_get_path (self->region));
  return FALSE;
}

/* Reserves the object for one attempt to lock; another one at the same time fails. */
static gboolean
begin (ShmoozeMutex  *self,
       Attempt       *attempt,
       gint64         timeout_usec,
       GError       **error)
{
  int stage = STAGE_IDLE;

  if (!check_attached (self, error))
    return FALSE;

  if (!atomic_compare_exchange_strong (&self->stage, &stage, STAGE_BUSY))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                   stage == STAGE_OWNED
                     ? _("Mutex “%s” is already locked through this object; unlock it first")
                     : _("Mutex “%s” is being locked through this object; "
                         "open a separate object in each thread"),
                   self->name);
      return FALSE;
    }

  shmooze_deadline_init (&attempt->deadline, timeout_usec, FIRST_PAUSE_USEC, LONGEST_PAUSE_USEC);
  attempt->try_once = timeout_usec == 0;
  return TRUE;
}

/* Makes this object the owner after the lock of the region was taken. */
static ShmoozeLockResult
take_over (ShmoozeMutex  *self,
           GError       **error)
{
  /* A process that is killed before this exchange never was the owner. One that is killed after it leaves the word
   * set for the next owner. */
  gboolean abandoned = atomic_exchange (self->word, WORD_OWNED) != WORD_FREE;

  if (!check_whole (self, error))
    {
      shmooze_region_unlock (self->region, 0);
      return SHMOOZE_LOCK_FAILED;
    }
  atomic_load (&handover);
  return abandoned ? SHMOOZE_LOCK_ABANDONED : SHMOOZE_LOCK_ACQUIRED;
}

/* Tries to lock once. Returns FALSE if another attempt is due at @attempt->next; otherwise @result is final. */
static gboolean
try_lock (ShmoozeMutex       *self,
          Attempt            *attempt,
          GCancellable       *cancellable,
          ShmoozeLockResult  *result,
          GError            **error)
{
  *result = SHMOOZE_LOCK_FAILED;
  if (check_attached (self, error) && !g_cancellable_set_error_if_cancelled (cancellable, error) &&
      check_whole (self, error))
    {
      if (shmooze_region_try_lock (self->region, 0))
        *result = take_over (self, error);
      else if ((attempt->next = shmooze_deadline_next (&attempt->deadline)) >= 0)
        return FALSE;
      else if (attempt->try_once)
        g_set_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                     _("Mutex “%s” is locked by another owner"), self->name);
      else
        g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                     _("Timed out waiting for mutex “%s”: another owner has it locked"), self->name);
    }
  atomic_store (&self->stage, *result == SHMOOZE_LOCK_FAILED ? STAGE_IDLE : STAGE_OWNED);
  return TRUE;
}

static int
msec_until_next (const Attempt *attempt)
{
  return (int) ((MAX (attempt->next - g_get_monotonic_time (), 0) + 999) / 1000);
}

/**
 * shmooze_mutex_lock:
 * @self: a mutex
 * @timeout_usec: how long to wait, in microseconds; 0 to try without waiting,
 *   -1 to wait indefinitely
 * @cancellable: (nullable): a cancellable that ends the wait
 * @error: return location for an error
 *
 * Locks the mutex, and waits until it is unlocked if it has another owner.
 *
 * %SHMOOZE_LOCK_ABANDONED is a success too: the caller owns the mutex, but
 * the previous owner died or dropped its object while it owned the mutex.
 *
 * While waiting, the mutex is polled every 1 to 16 ms. There is no queue:
 * waiting callers do not get the mutex in the order of their calls.
 *
 * Fails with %G_IO_ERROR_WOULD_BLOCK if @timeout_usec is 0 and the mutex has
 * another owner, %G_IO_ERROR_TIMED_OUT if it still has after @timeout_usec,
 * %G_IO_ERROR_CANCELLED, %G_IO_ERROR_PENDING if the mutex is locked or being
 * waited for through the same object, %G_IO_ERROR_NOT_SUPPORTED in a forked
 * child, and %SHMOOZE_ERROR_LOST if the file of the mutex was damaged.
 *
 * Returns: %SHMOOZE_LOCK_ACQUIRED or %SHMOOZE_LOCK_ABANDONED, or
 *   %SHMOOZE_LOCK_FAILED on error
 *
 * Since: 1.0
 */
ShmoozeLockResult
shmooze_mutex_lock (ShmoozeMutex  *self,
                    gint64         timeout_usec,
                    GCancellable  *cancellable,
                    GError       **error)
{
  ShmoozeLockResult result;
  gboolean has_fd = FALSE;
  Attempt attempt;
  GPollFD fd;

  g_return_val_if_fail (SHMOOZE_IS_MUTEX (self), SHMOOZE_LOCK_FAILED);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), SHMOOZE_LOCK_FAILED);
  g_return_val_if_fail (error == NULL || *error == NULL, SHMOOZE_LOCK_FAILED);

  if (!begin (self, &attempt, timeout_usec, error))
    return SHMOOZE_LOCK_FAILED;

  while (!try_lock (self, &attempt, cancellable, &result, error))
    {
      if (!has_fd)  /* made only when the caller has to wait */
        has_fd = g_cancellable_make_pollfd (cancellable, &fd);
      g_poll (&fd, has_fd ? 1 : 0, msec_until_next (&attempt));
    }
  if (has_fd)
    g_cancellable_release_fd (cancellable);
  return result;
}

/* Tries to lock once. Completes the task, or calls itself again at the time of the next attempt or when the task is
 * cancelled. */
static gboolean
advance (gpointer user_data)
{
  GTask *task = user_data;
  GCancellable *cancellable = g_task_get_cancellable (task);
  Attempt *attempt = g_task_get_task_data (task);
  GError *error = NULL;
  ShmoozeLockResult result;

  if (!try_lock (g_task_get_source_object (task), attempt, cancellable, &result, &error))
    {
      g_autoptr(GSource) source = g_timeout_source_new ((guint) msec_until_next (attempt));

      if (cancellable != NULL)
        {
          g_autoptr(GSource) cancelled = g_cancellable_source_new (cancellable);

          g_source_set_dummy_callback (cancelled);
          g_source_add_child_source (source, cancelled);
        }
      g_task_attach_source (task, source, advance);
    }
  else if (result == SHMOOZE_LOCK_FAILED)
    g_task_return_error (task, error);
  else
    g_task_return_int (task, result);
  return G_SOURCE_REMOVE;
}

/**
 * shmooze_mutex_lock_async:
 * @self: a mutex
 * @timeout_usec: how long to wait, in microseconds; 0 to try without waiting,
 *   -1 to wait indefinitely
 * @cancellable: (nullable): a cancellable that ends the wait
 * @callback: (scope async) (closure user_data): a function to call when the
 *   operation is complete
 * @user_data: data to pass to @callback
 *
 * Locks the mutex without blocking. The mutex is polled in the thread-default
 * main context of the caller, where @callback is called too; no thread is
 * used.
 *
 * Until @callback is called, the object stays alive, and locking it again
 * fails with %G_IO_ERROR_PENDING.
 *
 * Cancelling has no effect once the mutex is locked: the result of
 * [method@Mutex.lock_finish] is what counts.
 *
 * Since: 1.0
 */
void
shmooze_mutex_lock_async (ShmoozeMutex        *self,
                          gint64               timeout_usec,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;
  GError *error = NULL;
  Attempt *attempt;

  g_return_if_fail (SHMOOZE_IS_MUTEX (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, shmooze_mutex_lock_async);
  g_task_set_name (task, "shmooze_mutex_lock_async");
  g_task_set_check_cancellable (task, FALSE);  /* otherwise a lock that was taken could be reported as cancelled */
  attempt = g_new0 (Attempt, 1);
  g_task_set_task_data (task, attempt, g_free);

  if (begin (self, attempt, timeout_usec, &error))
    advance (task);
  else
    g_task_return_error (task, error);
}

/**
 * shmooze_mutex_lock_finish:
 * @self: a mutex
 * @result: the result that the callback received
 * @error: return location for an error
 *
 * Finishes an operation started by [method@Mutex.lock_async].
 *
 * Fails like [method@Mutex.lock].
 *
 * Returns: %SHMOOZE_LOCK_ACQUIRED or %SHMOOZE_LOCK_ABANDONED, or
 *   %SHMOOZE_LOCK_FAILED on error
 *
 * Since: 1.0
 */
ShmoozeLockResult
shmooze_mutex_lock_finish (ShmoozeMutex  *self,
                           GAsyncResult  *result,
                           GError       **error)
{
  gssize value;

  g_return_val_if_fail (g_task_is_valid (result, self), SHMOOZE_LOCK_FAILED);
  g_return_val_if_fail (g_async_result_is_tagged (result, shmooze_mutex_lock_async), SHMOOZE_LOCK_FAILED);
  g_return_val_if_fail (error == NULL || *error == NULL, SHMOOZE_LOCK_FAILED);

  value = g_task_propagate_int (G_TASK (result), error);
  return value < 0 ? SHMOOZE_LOCK_FAILED : (ShmoozeLockResult) value;
}

/**
 * shmooze_mutex_unlock:
 * @self: a mutex
 * @error: return location for an error
 *
 * Unlocks the mutex. Any thread may do so through the object that locked it.
 *
 * Fails with %G_IO_ERROR_PERMISSION_DENIED if the mutex is not locked through
 * this object, and %G_IO_ERROR_NOT_SUPPORTED in a forked child; nothing
 * changes in these cases. Fails with %SHMOOZE_ERROR_LOST if the file of the
 * mutex was damaged while it was locked: the mutex is no longer owned, and
 * another process may have locked a new mutex of the same name.
 *
 * Returns: `TRUE` if the mutex was unlocked
 *
 * Since: 1.0
 */
gboolean
shmooze_mutex_unlock (ShmoozeMutex  *self,
                      GError       **error)
{
  int stage = STAGE_OWNED;

  g_return_val_if_fail (SHMOOZE_IS_MUTEX (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!check_attached (self, error))
    return FALSE;
  if (!atomic_compare_exchange_strong (&self->stage, &stage, STAGE_BUSY))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                   _("Mutex “%s” is not locked through this object and cannot be unlocked"), self->name);
      return FALSE;
    }

  /* In this order, a process that is killed in between counts as having unlocked. */
  atomic_fetch_add (&handover, 1);
  atomic_store (self->word, WORD_FREE);
  shmooze_region_unlock (self->region, 0);
  atomic_store (&self->stage, STAGE_IDLE);
  return check_whole (self, error);
}
