"""Bitrix24: calls in the timeline of whoever called, and a notification while the phone rings.

Source: https://apidocs.bitrix24.com/
"""
