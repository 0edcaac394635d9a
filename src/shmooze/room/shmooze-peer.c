/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "room/shmooze-peer-private.h"

#include "shmooze-enum-types.h"

/**
 * ShmoozePeer:
 *
 * Another participant of a room.
 *
 * Since: 1.0
 */

struct _ShmoozePeer
{
  GObject           parent_instance;

  guint             seat;
  char             *nick;
  gint64            since;
  gboolean          watching;
  ShmoozePeerState  state;
  char             *draft;
};

G_DEFINE_FINAL_TYPE (ShmoozePeer, shmooze_peer, G_TYPE_OBJECT)

typedef enum
{
  PROP_SEAT = 1,
  PROP_NICK,
  PROP_SINCE,
  PROP_WATCHING,
  PROP_STATE,
  PROP_DRAFT
} Property;

static GParamSpec *properties[PROP_DRAFT + 1];

static void
shmooze_peer_finalize (GObject *object)
{
  ShmoozePeer *self = SHMOOZE_PEER (object);

  g_free (self->nick);
  g_free (self->draft);

  G_OBJECT_CLASS (shmooze_peer_parent_class)->finalize (object);
}

static void
shmooze_peer_get_property (GObject    *object,
                           guint       id,
                           GValue     *value,
                           GParamSpec *pspec)
{
  ShmoozePeer *self = SHMOOZE_PEER (object);

  switch ((Property) id)
    {
    case PROP_SEAT:
      g_value_set_uint (value, self->seat);
      break;
    case PROP_NICK:
      g_value_set_string (value, self->nick);
      break;
    case PROP_SINCE:
      g_value_set_int64 (value, self->since);
      break;
    case PROP_WATCHING:
      g_value_set_boolean (value, self->watching);
      break;
    case PROP_STATE:
      g_value_set_enum (value, self->state);
      break;
    case PROP_DRAFT:
      g_value_set_string (value, self->draft);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
shmooze_peer_class_init (ShmoozePeerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->finalize = shmooze_peer_finalize;
  object_class->get_property = shmooze_peer_get_property;

  /**
   * ShmoozePeer:seat:
   *
   * The number of the peer's seat.
   *
   * Since: 1.0
   */
  properties[PROP_SEAT] = g_param_spec_uint ("seat", NULL, NULL, 0, G_MAXUINT, 0, flags);
  /**
   * ShmoozePeer:nick:
   *
   * The peer's nickname, one line of valid UTF-8.
   *
   * Since: 1.0
   */
  properties[PROP_NICK] = g_param_spec_string ("nick", NULL, NULL, NULL, flags);
  /**
   * ShmoozePeer:since:
   *
   * When the peer joined the room, in microseconds since 1970.
   *
   * Since: 1.0
   */
  properties[PROP_SINCE] = g_param_spec_int64 ("since", NULL, NULL, G_MININT64, G_MAXINT64, 0, flags);
  /**
   * ShmoozePeer:watching: (getter is_watching)
   *
   * Whether the peer can only watch, because all seats with a lane were taken.
   *
   * Since: 1.0
   */
  properties[PROP_WATCHING] = g_param_spec_boolean ("watching", NULL, NULL, FALSE, flags);
  /**
   * ShmoozePeer:state:
   *
   * The state of the peer.
   *
   * Since: 1.0
   */
  properties[PROP_STATE] = g_param_spec_enum ("state", NULL, NULL, SHMOOZE_TYPE_PEER_STATE,
                                              SHMOOZE_PEER_PRESENT, flags);
  /**
   * ShmoozePeer:draft:
   *
   * The text that the peer is typing, or was typing when it crashed.
   *
   * Since: 1.0
   */
  properties[PROP_DRAFT] = g_param_spec_string ("draft", NULL, NULL, "", flags);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
shmooze_peer_init (ShmoozePeer *self)
{
  self->draft = g_strdup ("");
}

ShmoozePeer *
shmooze_peer_new (guint       seat,
                  const char *nick,
                  gint64      since,
                  gboolean    watching)
{
  ShmoozePeer *self = g_object_new (SHMOOZE_TYPE_PEER, NULL);

  self->seat = seat;
  self->nick = g_strdup (nick);
  self->since = since;
  self->watching = watching;
  return self;
}

void
shmooze_peer_set_state (ShmoozePeer      *self,
                        ShmoozePeerState  state)
{
  if (self->state == state)
    return;

  self->state = state;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
}

/* Takes over the draft of the peer's lane. Returns whether it has changed. */
gboolean
shmooze_peer_read_draft (ShmoozePeer    *self,
                         ShmoozeReader  *reader,
                         GError        **error)
{
  gsize length;
  g_autofree char *bytes = shmooze_reader_read_draft (reader, &length, error);
  g_autofree char *draft = bytes != NULL ? g_utf8_make_valid (bytes, (gssize) length) : NULL;

  if (draft == NULL || g_str_equal (self->draft, draft))
    return FALSE;

  g_free (self->draft);
  self->draft = g_steal_pointer (&draft);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_DRAFT]);
  return TRUE;
}

/**
 * shmooze_peer_get_seat:
 * @self: a peer
 *
 * Gets the number of the peer's seat.
 *
 * Returns: the number
 *
 * Since: 1.0
 */
guint
shmooze_peer_get_seat (ShmoozePeer *self)
{
  g_return_val_if_fail (SHMOOZE_IS_PEER (self), 0);

  return self->seat;
}

/**
 * shmooze_peer_get_nick:
 * @self: a peer
 *
 * Gets the peer's nickname.
 *
 * Returns: the nickname, one line of valid UTF-8
 *
 * Since: 1.0
 */
const char *
shmooze_peer_get_nick (ShmoozePeer *self)
{
  g_return_val_if_fail (SHMOOZE_IS_PEER (self), NULL);

  return self->nick;
}

/**
 * shmooze_peer_get_since:
 * @self: a peer
 *
 * Gets when the peer joined the room.
 *
 * Returns: the time, in microseconds since 1970
 *
 * Since: 1.0
 */
gint64
shmooze_peer_get_since (ShmoozePeer *self)
{
  g_return_val_if_fail (SHMOOZE_IS_PEER (self), 0);

  return self->since;
}

/**
 * shmooze_peer_get_state:
 * @self: a peer
 *
 * Gets the state of the peer.
 *
 * Returns: the state
 *
 * Since: 1.0
 */
ShmoozePeerState
shmooze_peer_get_state (ShmoozePeer *self)
{
  g_return_val_if_fail (SHMOOZE_IS_PEER (self), SHMOOZE_PEER_LEFT);

  return self->state;
}

/**
 * shmooze_peer_get_draft:
 * @self: a peer
 *
 * Gets the text that the peer is typing, or was typing when it crashed.
 *
 * Returns: the text, valid UTF-8; empty if the peer is not typing
 *
 * Since: 1.0
 */
const char *
shmooze_peer_get_draft (ShmoozePeer *self)
{
  g_return_val_if_fail (SHMOOZE_IS_PEER (self), NULL);

  return self->draft;
}

/**
 * shmooze_peer_is_watching:
 * @self: a peer
 *
 * Gets whether the peer can only watch, because all seats with a lane were
 * taken.
 *
 * Returns: %TRUE if the peer cannot send messages
 *
 * Since: 1.0
 */
gboolean
shmooze_peer_is_watching (ShmoozePeer *self)
{
  g_return_val_if_fail (SHMOOZE_IS_PEER (self), FALSE);

  return self->watching;
}
