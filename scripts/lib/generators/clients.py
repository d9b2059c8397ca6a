"""Calls operations through a client of either generator.

Both adapters have one method, `call`: it builds the body's model from plain values, calls the operation's
generated function, and returns status, headers and the model of the answer.
"""

import importlib
import inspect
import re
from dataclasses import dataclass
from typing import Any

# Request id and the like have the same Python names in both; these do not.
RESERVED = {"from": ("from_", "var_from"), "field": ("field", "var_field")}


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    model: Any

    def header(self, name: str) -> str:
        return {key.lower(): value for key, value in self.headers.items()}[name.lower()]


class OpenAPIPythonClient:
    name = "openapi-python-client"

    def __init__(self, url: str) -> None:
        package = importlib.import_module("policy_server_client")
        self.models = importlib.import_module("policy_server_client.models")
        self.types = importlib.import_module("policy_server_client.types")
        self.client = package.Client(base_url=url, raise_on_unexpected_status=True)

    def call(self, tag: str, operation: str, body: Any = None, model: str = "", **parameters: Any) -> Answer:
        module = importlib.import_module(f"policy_server_client.api.{tag}.{operation}")
        function = module.sync_detailed
        parameters.pop("accept", None)  # It has no such choice, and takes any text.
        arguments = {RESERVED.get(key, (key,))[0]: value for key, value in parameters.items()}
        annotations = inspect.signature(function).parameters
        for key, value in arguments.items():
            # An enumeration's member: the type in the signature that has this value.
            for part in str(annotations[key].annotation).replace("|", " ").replace("'", " ").split():
                kind = getattr(self.models, part.rsplit(".", 1)[-1], None)
                if kind is not None and isinstance(value, str):
                    arguments[key] = kind(value)
        if body is not None:
            arguments["body"] = self.build(model, body)
        answer = function(client=self.client, **arguments)
        return Answer(int(answer.status_code), dict(answer.headers), answer.parsed)

    def build(self, model: str, body: Any) -> Any:
        if isinstance(body, list):
            return [self.build(f"{item['kind']}Document", item) for item in body]
        kind = getattr(self.models, model, None) or getattr(self.models, body["kind"])
        return kind.from_dict(body)


class OpenAPIGenerator:
    name = "openapi-generator"

    def __init__(self, url: str) -> None:
        self.package = importlib.import_module("openapi_client")
        self.client = self.package.ApiClient(self.package.Configuration(host=url))

    def call(self, tag: str, operation: str, body: Any = None, model: str = "", **parameters: Any) -> Answer:
        api = getattr(self.package, f"{tag.capitalize()}Api")(self.client)
        function = getattr(api, f"{operation}_with_http_info")
        # It asks for the first type with "json" in its name, and reads only JSON and text/plain.
        if "accept" in parameters:
            parameters["_headers"] = {"Accept": parameters.pop("accept")}
        arguments = {RESERVED.get(key, (key, key))[1]: value for key, value in parameters.items()}
        if body is not None:
            arguments[snake(model)] = self.build(model, body)
        try:
            answer = function(**arguments)
        except self.package.exceptions.ApiException as error:
            return Answer(error.status, dict(error.headers or {}), error.data or error)
        model_ = answer.data
        # A union is a model around the one that it is.
        while getattr(model_, "actual_instance", None) is not None:
            model_ = model_.actual_instance
        return Answer(answer.status_code, dict(answer.headers), model_)

    def build(self, model: str, body: Any) -> Any:
        if isinstance(body, list):
            return [self.build(model, item) for item in body]
        return getattr(self.package, model).from_dict(body)


ADAPTERS = {adapter.name: adapter for adapter in (OpenAPIPythonClient, OpenAPIGenerator)}
