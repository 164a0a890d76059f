"""Notifications with their tags, and messages in chats."""

from __future__ import annotations

from typing import Any

from bitrix24_portal.part import Params, Part, Turn, method
from bitrix24_portal.wire import Refused, number

ADD = "USER_ID TO MESSAGE MESSAGE_OUT TAG SUB_TAG CLIENT_ID ATTACH"


class Messages(Part):
    """`bell` holds the notifications that stand, by id. Portals differ in what they make of tags:

    `tags_replace`: an equal tag removes the older notification; `tags_kept`: a webhook's tags are kept at all.
    """

    def __init__(self, portal: Any) -> None:
        super().__init__(portal)
        self.bell: dict[int, dict[str, Any]] = {}
        self.chats: dict[str, set[int]] = {"chat17": {1, 5, 6}}
        self.lines: dict[int, dict[str, Any]] = {}
        self.tags_replace = self.tags_kept = True
        self._last = 7000

    @method("im.notify", "im", ADD, any_case=True)
    @method("im.notify.system.add", "im", ADD, any_case=True)
    @method("im.notify.personal.add", "im", ADD, any_case=True)
    def notify(self, params: Params, turn: Turn) -> object:
        """An id, or false where nothing was made: the status is 200 all the same."""
        user_id = number(params.get("USER_ID", params.get("TO"))) or 0
        if user_id < 1:
            raise Refused(400, "USER_ID_EMPTY", "User ID can't be empty")
        text = str(params.get("MESSAGE") or "").strip()
        if not text:
            raise Refused(400, "MESSAGE_EMPTY", "Message can't be empty")
        if not self.portal.people.is_active(user_id):
            self.portal.note_refusal(turn.method, Refused(200, "", f"user {user_id} is unknown or dismissed"))
            return False
        client, tags = _client(params, turn), {name: str(params.get(name) or "") for name in ("TAG", "SUB_TAG")}
        if any(tags.values()) and not client:
            self.portal.note_refusal(turn.method, Refused(200, "", "tags need CLIENT_ID"))
        if not client or (turn.application is None and not self.tags_kept):
            tags = dict.fromkeys(tags, "")
        if tags["TAG"] and self.tags_replace:  # a tag is one for all users
            self._drop(lambda one: (one["client"], one["TAG"]) == (client, tags["TAG"]))
        self.portal.show("notification", text)
        self._last += 1
        self.bell[self._last] = {"user_id": user_id, "text": text, "client": client, **tags}
        turn.write(f"{user_id} {tags['TAG'] or text}")
        return self._last

    @method("im.notify.delete", "im", "ID TAG SUB_TAG CLIENT_ID", any_case=True)
    def notify_delete(self, params: Params, turn: Turn) -> bool:
        """By id only one's own, by a tag everybody's of the same client."""
        client = _client(params, turn)
        if not client:
            raise Refused(403, "ACCESS_DENIED", "Access denied! Client ID not specified")
        name = next((name for name in ("ID", "TAG", "SUB_TAG") if params.get(name)), None)
        if name is None:
            raise Refused(400, "PARAMS_ERROR", "Incorrect params")
        turn.write(f"{name} {params[name]}")
        if name == "ID":
            one = self.bell.get(number(params["ID"]) or 0)
            return self._drop(lambda other: other is one and other["user_id"] == turn.user_id)
        return self._drop(lambda one: (one["client"], one[name]) == (client, str(params[name])))

    def _drop(self, goes: Any) -> bool:
        going = [key for key, one in self.bell.items() if goes(one)]
        for key in going:
            del self.bell[key]
        return bool(going)

    @method("im.message.add", "im", "DIALOG_ID MESSAGE ATTACH SYSTEM URL_PREVIEW REPLY_ID KEYBOARD", any_case=True)
    def message_add(self, params: Params, turn: Turn) -> int:
        dialog, text = str(params.get("DIALOG_ID") or ""), str(params.get("MESSAGE") or "").strip()
        if not text:
            raise Refused(400, "MESSAGE_EMPTY", "Message can't be empty")
        self._judge_dialog(dialog, turn)
        self.portal.show("message", text)
        self._last += 1
        self.lines[self._last] = {"dialog": dialog, "text": text, "author": turn.user_id}
        turn.write(f"{dialog} {text}")
        return self._last

    def _judge_dialog(self, dialog: str, turn: Turn) -> None:
        if not dialog:
            raise Refused(400, "USER_ID_EMPTY", "User ID can't be empty")
        if dialog.isdigit():
            if not self.portal.people.is_active(dialog):
                raise Refused(400, "USER_NOT_FOUND", "User was not found")
        elif dialog not in self.chats:
            raise Refused(400, "CHAT_ID", "Chat was not found")
        elif turn.user_id not in self.chats[dialog]:
            raise Refused(400, "ACCESS_ERROR", "You do not have access to the specified dialog")

    @method("im.message.update", "im", "MESSAGE_ID MESSAGE ATTACH URL_PREVIEW KEYBOARD", any_case=True)
    def message_update(self, params: Params, turn: Turn) -> bool:
        line = self.lines.get(number(params.get("MESSAGE_ID")) or 0)
        if line is None:
            raise Refused(400, "MESSAGE_ID_ERROR", "Message was not found")
        if line["author"] != turn.user_id:
            raise Refused(400, "CANT_EDIT_MESSAGE", "You cannot edit this message")
        line["text"] = str(params.get("MESSAGE") or "")
        self.portal.show("message", line["text"])
        turn.write(f"{params['MESSAGE_ID']} {line['text']}")
        return True

    @method("im.message.delete", "im", "MESSAGE_ID", any_case=True)
    def message_delete(self, params: Params, turn: Turn) -> bool:
        if self.lines.pop(number(params.get("MESSAGE_ID")) or 0, None) is None:
            raise Refused(400, "MESSAGE_ID_ERROR", "Message was not found")
        turn.write(params["MESSAGE_ID"])
        return True


def _client(params: Params, turn: Turn) -> str:
    """Whose tags these are: the application's, or through a webhook whatever it calls itself."""
    return turn.application or (f"custom{params['CLIENT_ID']}" if params.get("CLIENT_ID") else "")
