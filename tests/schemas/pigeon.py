"""What crosses the wire of the platform of the tests."""

from marshmallow import EXCLUDE, Schema, fields, validate


class Seen(Schema):
    """Somebody has seen what a loft has sent, up to a moment in milliseconds since 1970."""

    class Meta:
        unknown = EXCLUDE

    loft = fields.String(required=True, validate=validate.Regexp(r"^[a-z]{1,20}\Z"))
    upto = fields.String(required=True, validate=validate.Regexp(r"^[0-9]{1,18}\Z"))


SEEN = Seen()
