import Documents
import Foundation
import Store

/// The credential with which this server authenticates at Keystone.
///
/// The file is a JSON object or has the lines of an `openrc` file. The names are those of OpenStack's command line
/// client: a JSON member is called `username`, and the same value in a line is called `OS_USERNAME`.
package struct KeystoneCredential: Sendable {
    /// The possible values of the member `auth` in a token request (Identity API v3), one for each password in the
    /// file. Each value contains a secret.
    let authentications: [JSONValue]

    private static let known = [
        "application_credential_id", "application_credential_name", "application_credential_secret",
        "other_password", "password", "project_domain_id", "project_domain_name", "project_id",
        "project_name",
        "system_scope", "user_domain_id", "user_domain_name", "user_id", "username",
    ]

    /// Reads the file. Throws if other users have any access to the file. Error messages contain no values from the
    /// file.
    package static func read(_ path: String) throws(SettingError) -> KeystoneCredential {
        let setting = Setting.keystoneCredential.flag
        let bytes: [UInt8]
        do throws(StoreError) {
            bytes = try PrivateFile.read(path, subject: "the file")
        } catch {
            throw SettingError("\(setting): \(error.message)")
        }
        do throws(KeystoneFailure) {
            return try KeystoneCredential(bytes)
        } catch {
            throw SettingError("\(setting): \(path) \(error.description)")
        }
    }

    package init(_ bytes: [UInt8]) throws(KeystoneFailure) {
        let text = String(decoding: bytes, as: UTF8.self)
        let isJSON = text.first { !$0.isWhitespace } == "{"
        let values = isJSON ? try Self.members(bytes) : try Self.lines(text)
        var authentications = [try Self.authentication(values)]
        if let other = values["other_password"], other != values["password"] {
            guard values["application_credential_secret"] == nil else {
                throw KeystoneFailure(
                    "has an other_password, which an application credential cannot have")
            }
            let second = values.merging(["password": other]) { $1 }
            authentications.append(try Self.authentication(second))
        }
        self.authentications = authentications
    }

    private static func members(_ bytes: [UInt8]) throws(KeystoneFailure) -> [String: String] {
        guard let object = (try? JSONParser.parse(bytes, limits: .body))?.objectValue else {
            throw KeystoneFailure("is not a JSON object with unique members")
        }
        var values: [String: String] = [:]
        for (key, value) in object {
            guard known.contains(key) else {
                throw KeystoneFailure(
                    "has the unknown member \(key.prefix(64)); the known members are \(known.joined(separator: ", "))"
                )
            }
            guard let text = value.stringValue, !text.isEmpty else {
                throw KeystoneFailure("has a \(key) that is not a string or is empty")
            }
            values[key] = text
        }
        return values
    }

    /// Reads lines such as `export OS_USERNAME="policy-server"`. Ignores `OS_` variables that are not part of the
    /// credential.
    private static func lines(_ text: String) throws(KeystoneFailure) -> [String: String] {
        var values: [String: String] = [:]
        for (index, line) in text.split(
            omittingEmptySubsequences: false, whereSeparator: \.isNewline
        )
        .enumerated() {
            var line = line.trimmingCharacters(in: .whitespaces)
            if line.isEmpty || line.hasPrefix("#") { continue }
            if line.hasPrefix("export ") { line = line.dropFirst(7).trimmed }
            guard let equals = line.firstIndex(of: "="), line.hasPrefix("OS_"),
                let value = unquoted(line[line.index(after: equals)...])
            else {
                throw KeystoneFailure(
                    "has a line \(index + 1) that is not OS_NAME=VALUE with a plain or quoted value"
                )
            }
            let key = line[..<equals].dropFirst(3).lowercased()
            if known.contains(key) { values[key] = value }
        }
        return values
    }

    /// Returns the value of a shell assignment, without quotes. Returns nil if a shell would expand the value.
    private static func unquoted(_ text: Substring) -> String? {
        guard let quote = text.first else { return "" }
        let expanding = "$`\\"
        guard quote == "'" || quote == "\"" else {
            let special = expanding + "'\"#;&|<>() \t"
            return text.contains(where: special.contains) ? nil : String(text)
        }
        guard text.count >= 2, text.last == quote else { return nil }
        let inner = text.dropFirst().dropLast()
        guard !inner.contains(quote) else { return nil }
        return quote == "\"" && inner.contains(where: expanding.contains) ? nil : String(inner)
    }

    private static func authentication(
        _ values: [String: String]
    ) throws(KeystoneFailure) -> JSONValue {
        /// Returns a reference to an object: its id, or its name with its domain. Returns nil if the file contains
        /// neither.
        func reference(_ id: String, _ name: String, _ domain: String) -> JSONObject? {
            var object = JSONObject()
            if let id = values[id] {
                object["id"] = .string(id)
                return object
            }
            guard let name = values[name] else { return nil }
            object["name"] = .string(name)
            if let id = values[domain + "_id"] {
                object["domain"] = ["id": .string(id)]
            } else if let name = values[domain + "_name"] {
                object["domain"] = ["name": .string(name)]
            } else {
                return nil
            }
            return object
        }
        let user = reference("user_id", "username", "user_domain")
        if let secret = values["application_credential_secret"] {
            var credential = JSONObject()
            credential["secret"] = .string(secret)
            if let id = values["application_credential_id"] {
                credential["id"] = .string(id)
            } else if let name = values["application_credential_name"], let user {
                credential["name"] = .string(name)
                credential["user"] = .object(user)
            } else {
                throw KeystoneFailure(
                    "needs application_credential_id, or application_credential_name and a user")
            }
            // The request has no scope. An application credential already belongs to one project, so Keystone refuses a
            // request that gives a scope.
            return [
                "identity": [
                    "methods": ["application_credential"],
                    "application_credential": .object(credential),
                ]
            ]
        }
        guard let password = values["password"], var user else {
            throw KeystoneFailure(
                "needs application_credential_id and application_credential_secret, or a password "
                    + "and the user (user_id, or username and user_domain_name)")
        }
        user["password"] = .string(password)
        var scope: JSONValue
        if values["system_scope"] != nil {
            scope = ["system": ["all": true]]
        } else if let project = reference("project_id", "project_name", "project_domain") {
            scope = ["project": .object(project)]
        } else {
            throw KeystoneFailure(
                "needs project_id, or project_name and project_domain_name, or system_scope")
        }
        return [
            "identity": ["methods": ["password"], "password": ["user": .object(user)]],
            "scope": scope,
        ]
    }
}

/// The reason why Keystone gave no usable answer. The text contains no secrets.
package struct KeystoneFailure: Error, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
