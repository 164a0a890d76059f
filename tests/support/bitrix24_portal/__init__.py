"""A Bitrix24 portal that is not there: stateful, and as strict as its documentation.

What the documentation leaves open is answered in the way that hurts most, and marked as a guess.
Source: https://apidocs.bitrix24.com
"""

from bitrix24_portal.bbcode import live
from bitrix24_portal.oauth import Tokens
from bitrix24_portal.portal import Portal, Refusal
from bitrix24_portal.weather import Weather

__all__ = ["Portal", "Refusal", "Tokens", "Weather", "live"]
